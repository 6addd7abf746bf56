//! Work that is the same every time: launched twice, recorded once, replayed from then on. A replay costs the
//! CPU some 2 µs per kernel where a launch costs 25, and allocates nothing.

use burn::tensor::Device;

/// Runs one piece of work again and again; on a CPU it just runs it.
pub struct Recorder {
    #[cfg(not(target_feature = "simd128"))]
    graph: Option<graph::Recording>,
}

impl Recorder {
    /// Nothing is recorded yet.
    #[cfg_attr(target_feature = "simd128", allow(unused_variables))]
    pub fn new(device: &Device) -> Recorder {
        Recorder {
            #[cfg(not(target_feature = "simd128"))]
            graph: graph::Recording::new(device),
        }
    }

    /// Does `work`, which must launch the same kernels on the same buffers every time and neither write to nor read
    /// from the device. What it does on the host happens in the first runs only; a recording that does not come about is
    /// made up for by a plain run.
    pub fn run(&mut self, mut work: impl FnMut()) {
        #[cfg(not(target_feature = "simd128"))]
        if let Some(graph) = &mut self.graph {
            return graph.run(work);
        }
        work();
    }

    /// Whether runs are replayed from a recording.
    pub fn is_recorded(&self) -> bool {
        #[cfg(not(target_feature = "simd128"))]
        return self
            .graph
            .as_ref()
            .is_some_and(graph::Recording::is_complete);
        #[cfg(target_feature = "simd128")]
        false
    }
}

#[cfg(not(target_feature = "simd128"))]
mod graph {
    use burn::{backend::DispatchDevice, tensor::Device};
    use cubecl::client::{Client, Graph};

    /// Launches before the recording: they compile the pipelines and leave memory behind for it to use.
    const N_WARM_UP: usize = 2;

    pub struct Recording {
        client: Client,
        n_runs: usize,
        graph: Option<Graph>,
        is_refused: bool,
    }

    impl Recording {
        /// `None` for a device that has no queue.
        pub fn new(device: &Device) -> Option<Recording> {
            let client = match device.as_dispatch() {
                DispatchDevice::Cube(cube) => cube.client(),
                #[cfg(not(target_family = "wasm"))]
                _ => return None,
            };
            Some(Recording {
                client,
                n_runs: 0,
                graph: None,
                is_refused: false,
            })
        }

        pub fn is_complete(&self) -> bool {
            self.graph.is_some()
        }

        pub fn run(&mut self, mut work: impl FnMut()) {
            match &self.graph {
                Some(graph) => return replay(graph),
                None if self.is_refused => return work(),
                None => {}
            }
            // Refused while another recording goes on; the work is then launched as ever.
            let is_allowed = match self.n_runs {
                0 => self.client.graph_prepare().is_ok(),
                N_WARM_UP => self.client.start_capture().is_ok(),
                _ => true,
            };
            self.is_refused = !is_allowed;
            work();
            if is_allowed && self.n_runs == N_WARM_UP {
                self.graph = self.client.stop_capture().ok();
                match &self.graph {
                    Some(graph) => replay(graph),
                    // It asked for memory that the runs before had not left behind. Its launches never ran.
                    None => {
                        self.is_refused = true;
                        work();
                    }
                }
            }
            self.n_runs += 1;
        }
    }

    impl Drop for Recording {
        fn drop(&mut self) {
            // A recording that was prepared and never made would keep the queue for itself.
            if self.n_runs > 0 && self.graph.is_none() && !self.is_refused {
                let _ = self.client.stop_capture();
            }
        }
    }

    fn replay(graph: &Graph) {
        // SAFETY: the owner of the recorder keeps every buffer that its work reads or writes, and one thread uses
        // them. A failed replay leaves its error on the buffers, where the next read finds it.
        let _ = unsafe { graph.replay() };
    }
}
