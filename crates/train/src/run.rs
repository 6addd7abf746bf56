//! A run on disk: weights, reading, optimizer and where it stands, so that it can go on.

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context, Result};
use burn::{
    grad_clipping::GradientClippingConfig,
    module::Module,
    optim::{AdamWConfig, GradientsParams, ModuleOptimizer, OptimizerRecord},
    store::ModuleRecord,
    tensor::{Device, Tensor},
};
use generate::{Target, open_folder};
use qwen_vl::model::Model;
use serde::{Deserialize, Serialize};

use crate::{
    lesson::Classroom,
    student::{Reading, Student},
    weights_file,
};

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// Seconds spent.
    pub seconds: f64,
}

/// A run in memory.
pub struct Run {
    /// The network, as the engine has it.
    pub model: Model,
    /// Tokenizer, template, picture settings.
    pub room: Classroom,
    /// Dense reading of the image tokens.
    pub reading: Reading,
    /// Where it stands.
    pub progress: Progress,
    optimizer: ModuleOptimizer,
    from: PathBuf,
    out: PathBuf,
}

/// A folder in memory.
pub struct Opened {
    /// The network, its weights f32.
    pub model: Model,
    /// Tokenizer, template, picture settings.
    pub room: Classroom,
    /// For people; with the storage of the weights.
    pub name: String,
    /// What it was trained for.
    pub methods: Vec<String>,
}

/// Opens a folder; packed weights become the f32 values that they stand for.
pub fn open(dir: &Path, device: &Device) -> Result<Opened> {
    let target = Target::Cpu(device.clone());
    let generator = futures_lite::future::block_on(open_folder(dir, target, &mut |_, _| {}))?;
    let loaded = generator.loaded();
    let (mut model, host) = generator.into_parts();
    model.network = model.network.dequantized();
    let config = model.config.clone();
    Ok(Opened {
        model,
        room: Classroom { config, host },
        name: format!("{} ({})", loaded.model.name, loaded.model.quantization),
        methods: loaded.methods,
    })
}

impl Run {
    /// Starts from `from`, or goes on with what is in `out`.
    pub fn open(from: &Path, out: &Path, weight_decay: f32) -> Result<Run> {
        let device = Device::flex().autodiff();
        let optimizer = AdamWConfig::new()
            .with_beta_2(0.98)
            .with_weight_decay(weight_decay)
            .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
            .init();
        let state = out.join("progress.json");
        let resumes = state.is_file();
        let source = if resumes { out } else { from };
        let Opened {
            mut model, room, ..
        } = open(source, &device)?;
        model.network = model.network.set_require_grad(true);
        let mut reading = Reading::new(room.config.hidden_size, &device);
        if source.join("reading.bpk").is_file() {
            reading = reading.load_record(ModuleRecord::load(source.join("reading.bpk"))?);
        }
        let mut run = Run {
            model,
            room,
            reading,
            progress: Progress::default(),
            optimizer,
            from: from.to_owned(),
            out: out.to_owned(),
        };
        if resumes {
            let text = fs::read_to_string(&state)?;
            run.progress = serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; remove the folder", state.display()))?;
            let record = OptimizerRecord::load(out.join("optimizer.bpk"))?;
            run.optimizer = run.optimizer.load_record(record);
        }
        Ok(run)
    }

    /// One step of the optimizer.
    pub fn update(&mut self, loss: Tensor<1>, rate: f64) {
        let student = Student {
            network: self.model.network.clone(),
            reading: self.reading.clone(),
        };
        let grads = GradientsParams::from_grads(loss.backward(), &student);
        let student = self.optimizer.step(rate, student, grads);
        self.model.network = student.network;
        self.reading = student.reading;
    }

    /// Writes everything; the progress last, so that an interrupted save is never taken for a whole one.
    pub fn save(&self) -> Result<()> {
        weights_file::save(&self.from, &self.out, &self.model)?;
        self.reading
            .clone()
            .into_record()
            .save(self.out.join("reading.bpk"))?;
        self.optimizer
            .to_record()
            .save(self.out.join("optimizer.bpk"))?;
        let progress = serde_json::to_string(&self.progress)?;
        fs::write(self.out.join("progress.json"), progress)?;
        Ok(())
    }
}
