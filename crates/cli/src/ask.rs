//! `lookback ask`.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Result, anyhow};
use generate::{Device, Generator, Message, Method, Recording, Target, open_folder};
use trace::{Ask, Event, Failure, ImageFile, Trace};
use web_time::Instant;

use crate::variants::open_gpu;
use crate::{
    args::{AskArgs, DeviceArg},
    tensors,
};

/// Loads the model, answers, writes what was asked for.
pub async fn ask(args: &AskArgs) -> Result<()> {
    let stopped = stop_on_interrupt()?;
    // What needs no model is read first: a mistyped path must not cost the load.
    let request = request(args)?;
    let messages = args.messages.as_deref().map(read_messages).transpose()?;
    let mut generator = load(args).await?;
    let ask = with_method(request, &generator);
    let started = Instant::now();
    let prepared = match &messages {
        Some(messages) => generator.prepare_messages(messages, &ask)?,
        None => generator.prepare(&ask)?,
    };
    let mut trace = Trace::new(trace::ModelInfo {
        method: ask.method,
        ..generator.loaded().model
    });
    let mut recording = args.tensors.is_some().then(Recording::default);
    let mut printed = Ok(());
    // A closed pipe must not cost the files, but without any there is nobody left to answer.
    let has_files = args.trace.is_some() || args.tensors.is_some();
    let mut emit = |event: Event| {
        if let Event::Token(token) = &event
            && printed.is_ok()
        {
            printed = print(&token.text);
            if printed.is_err() && !has_files {
                stopped.store(true, Ordering::Relaxed);
            }
        }
        trace.apply(&event);
    };
    let is_stopped = || stopped.load(Ordering::Relaxed);
    let answered = generator
        .answer(
            prepared,
            started,
            &mut emit,
            &is_stopped,
            recording.as_mut(),
        )
        .await;
    let printed = printed.and_then(|()| print("\n"));
    if let Err(error) = &answered {
        trace.apply(&Event::Error(Failure {
            message: error.to_string(),
            ..Failure::default()
        }));
    }
    let traced = match &args.trace {
        Some(path) => write(path, trace.to_json()?.as_bytes()),
        None => Ok(()),
    };
    answered?;
    if let (Some(path), Some(recording)) = (&args.tensors, &recording) {
        write(path, &tensors::serialize(recording)?)?;
    }
    traced?;
    report(&trace);
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(anyhow!(
            "cannot write the answer to standard output ({error}); send it elsewhere"
        )),
        _ => Ok(()),
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = stopped.clone();
    // The first Ctrl-C ends the answer after its current token, the second the program.
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    })?;
    Ok(stopped)
}

async fn load(args: &AskArgs) -> Result<Generator> {
    let target = match args.device {
        DeviceArg::Gpu => Target::Gpu(open_gpu().await?),
        DeviceArg::Cpu => Target::Cpu(Device::flex()),
    };
    let shows_progress = std::io::stderr().is_terminal();
    let mut progress = |loaded_bytes: u64, total_bytes: u64| {
        if shows_progress {
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            let (loaded, total) = (megabytes(loaded_bytes), megabytes(total_bytes));
            eprint!("\rloading {loaded:.0} of {total:.0} MB ");
        }
    };
    let generator = open_folder(&args.model, target, &mut progress).await?;
    if shows_progress {
        eprintln!();
    }
    let loaded = generator.loaded();
    eprintln!(
        "{} ({}) on {}",
        loaded.model.name, loaded.model.quantization, loaded.adapter
    );
    if let Some(notice) = loaded.notice {
        eprintln!("{notice}");
    }
    Ok(generator)
}

/// The question but for a method that the model may prefer.
fn request(args: &AskArgs) -> Result<Ask> {
    if let Some(name) = &args.method {
        Method::find(name)?;
    }
    let images = args.image.iter().map(|path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(ImageFile {
            name: name.to_string_lossy().into_owned(),
            bytes: read(path)?,
        })
    });
    Ok(Ask {
        system: args.system.clone(),
        question: args.question.clone().unwrap_or_default(),
        images: images.collect::<Result<_>>()?,
        method: args.method.clone().unwrap_or_default(),
        max_tokens: args.max_tokens,
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        repetition_penalty: args.repetition_penalty,
        seed: args.seed,
        min_pixels: args.min_pixels,
        max_pixels: args.max_pixels,
    })
}

fn with_method(request: Ask, generator: &Generator) -> Ask {
    if !request.method.is_empty() {
        return request;
    }
    let own = generator.loaded().methods.into_iter().next();
    Ask {
        method: own.unwrap_or_else(|| "plain".to_owned()),
        ..request
    }
}

fn read_messages(path: &Path) -> Result<Vec<Message>> {
    let json = serde_json::from_slice(&read(path)?)
        .map_err(|error| anyhow!("{} is not valid JSON ({error}); correct it", path.display()))?;
    Ok(Message::parse_list(&json)?)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| anyhow!("cannot read {} ({error}); check the path", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes)
        .map_err(|error| anyhow!("cannot write {} ({error}); check the path", path.display()))
}

fn report(trace: &Trace) {
    let timing = &trace.timing;
    let n_decoded = trace.tokens.len().saturating_sub(1);
    let rate = n_decoded as f64 / (timing.decode_millis / 1000.0).max(1e-9);
    eprintln!(
        "images {:.0} ms, prompt {:.0} ms, {} tokens at {rate:.1} per second; {}",
        timing.vision_millis,
        timing.prefill_millis,
        trace.tokens.len(),
        trace.counts(),
    );
}
