//! One engine, question after question, wherever the one before was stopped.

use std::cell::Cell;

use anyhow::{Result, ensure};
use futures_lite::future::block_on;
use generate::{Target, open_folder, open_gpu};
use trace::{Ask, Event, ImageFile, StopReason};

use crate::model;

const QUESTION: &str = "What is 3 + 4?";
const N_TOKEN: u32 = 9;

/// The step is recorded in the third run of an answer, and the next token is asked for before the last is read: each
/// stop leaves another state behind.
#[test]
fn a_stopped_answer_leaves_nothing_behind() -> Result<()> {
    block_on(async {
        let gpu = Target::Gpu(open_gpu().await?);
        let mut generator = open_folder(&model::tied(), gpu, &mut |_, _| {}).await?;
        let mut expected = None;
        for n_stop in [100, 0, 1, 2, 3, 4, 5, 100] {
            for n_most in [400, N_TOKEN] {
                let ask = Ask {
                    question: QUESTION.to_owned(),
                    method: "plain".to_owned(),
                    max_tokens: Some(n_most),
                    temperature: Some(0.0),
                    ..Ask::default()
                };
                let n_seen = Cell::new(0);
                let (mut ids, mut ended) = (Vec::new(), None);
                let mut emit = |event: Event| match event {
                    Event::Token(token) => {
                        n_seen.set(n_seen.get() + 1);
                        ids.push(token.id);
                    }
                    Event::Done { stop, .. } => ended = Some(stop),
                    _ => {}
                };
                let is_stopped = || n_most != N_TOKEN && n_seen.get() >= n_stop.min(30);
                generator.ask(&ask, &mut emit, &is_stopped).await?;
                ensure!(
                    ended.is_some_and(|end| end != StopReason::Failed),
                    "{ended:?}"
                );
                if n_most == N_TOKEN {
                    ensure!(
                        *expected.get_or_insert_with(|| ids.clone()) == ids,
                        "after a stop at {n_stop}: {ids:?}"
                    );
                }
            }
        }
        Ok(())
    })
}

/// 1,800 letters are more than three chunks of 512 tokens for a tokenizer that never saw them together.
#[test]
fn a_long_prompt_tells_how_far_it_is_and_stops_in_between() -> Result<()> {
    block_on(async {
        let cpu = Target::Cpu(generate::Device::flex());
        let mut generator = open_folder(&model::tied(), cpu, &mut |_, _| {}).await?;
        for is_stopped_midway in [false, true] {
            let ask = Ask {
                question: "qzxj".repeat(450),
                method: "plain".to_owned(),
                max_tokens: Some(1),
                temperature: Some(0.0),
                ..Ask::default()
            };
            let told = Cell::new((0, 0));
            let (mut n_told, mut n_token, mut ended) = (0, 0, None);
            let mut emit = |event: Event| match event {
                Event::Prefill {
                    read_tokens,
                    prompt_tokens,
                } => {
                    assert_eq!(read_tokens, told.get().0 + 512);
                    assert!(read_tokens < prompt_tokens);
                    told.set((read_tokens, prompt_tokens));
                    n_told += 1;
                }
                Event::Token(_) => n_token += 1,
                Event::Done { stop, .. } => ended = Some(stop),
                _ => {}
            };
            let is_stopped = || is_stopped_midway && told.get().0 >= 1024;
            generator.ask(&ask, &mut emit, &is_stopped).await?;
            let expected = match is_stopped_midway {
                true => (2, 0, Some(StopReason::Stopped)),
                false => ((told.get().1 - 2) / 512, 1, Some(StopReason::Length)),
            };
            ensure!(n_told >= 2, "{n_told} chunks are no test");
            ensure!(
                (n_told, n_token, ended) == expected,
                "{n_told} {n_token} {ended:?}"
            );
        }
        Ok(())
    })
}

#[test]
fn more_pictures_than_a_recording_holds_are_refused_unread() -> Result<()> {
    block_on(async {
        let cpu = Target::Cpu(generate::Device::flex());
        let generator = open_folder(&model::tied(), cpu, &mut |_, _| {}).await?;
        let ask = Ask {
            question: QUESTION.to_owned(),
            method: "plain".to_owned(),
            images: vec![ImageFile::default(); 65],
            ..Ask::default()
        };
        let refused = generator.prepare(&ask).err().map(|error| error.to_string());
        ensure!(
            refused
                .as_deref()
                .is_some_and(|words| words.contains("65 images")),
            "{refused:?}"
        );
        Ok(())
    })
}
