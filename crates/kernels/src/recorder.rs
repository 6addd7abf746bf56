//! Work that is the same every time: launched twice, recorded once, replayed from then on. A replay costs the
//! CPU some 2 µs per kernel where a launch costs 25, and allocates nothing.

use burn::{backend::DispatchDevice, tensor::Device};
use cubecl::client::{Client, Graph};

/// Launches before the recording: they compile the pipelines and leave memory behind for it to use.
const N_WARM_UP: usize = 2;

/// Runs one piece of work again and again; on a CPU it just runs it.
pub struct Recorder {
    client: Option<Client>,
    n_runs: usize,
    graph: Option<Graph>,
}

impl Recorder {
    /// Nothing is recorded yet.
    pub fn new(device: &Device) -> Recorder {
        let client = match device.as_dispatch() {
            DispatchDevice::Cube(cube) => Some(cube.client()),
            #[cfg(not(target_family = "wasm"))]
            _ => None,
        };
        Recorder {
            client,
            n_runs: 0,
            graph: None,
        }
    }

    /// Does `work`, which must launch the same kernels on the same buffers every time and neither write to nor read
    /// from the device. What it does on the host happens in the first runs only.
    pub fn run(&mut self, work: impl FnOnce()) {
        let Some(client) = &self.client else {
            return work();
        };
        if let Some(graph) = &self.graph {
            return replay(graph);
        }
        // Refused only while another recording goes on; the work is then launched as ever.
        let is_ready = match self.n_runs {
            0 => client.graph_prepare().is_ok(),
            N_WARM_UP => client.start_capture().is_ok(),
            _ => false,
        };
        work();
        if self.n_runs == N_WARM_UP && is_ready {
            match client.stop_capture() {
                Ok(graph) => {
                    replay(&graph);
                    self.graph = Some(graph);
                }
                // Its launches never ran, which the next read reports.
                Err(_) => self.client = None,
            }
        }
        self.n_runs += 1;
    }

    /// Kernels of a recorded run, if it is recorded.
    pub fn is_recorded(&self) -> bool {
        self.graph.is_some()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // A recording that was prepared and never made would keep the stream for itself.
        if let (Some(client), None, 1..) = (&self.client, &self.graph, self.n_runs) {
            let _ = client.stop_capture();
        }
    }
}

fn replay(graph: &Graph) {
    // SAFETY: the owner of the recorder keeps every buffer that its work reads or writes, and one thread uses them.
    // A failed replay leaves its error on the buffers, where the next read finds it.
    let _ = unsafe { graph.replay() };
}
