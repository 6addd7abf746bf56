//! Pictures that cannot be used, and odd ones that can.

use std::fs;
use std::time::Instant;

use ::image::ImageFormat;
use anyhow::{Context, Result, ensure};

use crate::answer::traced;
use crate::model;
use crate::picture::{encoded, jpeg_stating, png_stating, webp_stating};
use crate::program::{Ask, image};

/// What it is, the file, words that the message must have.
type Row = (
    &'static str,
    fn() -> Result<Vec<u8>>,
    &'static [&'static str],
);

const NO_IMAGE: &[&str] = &["photo", "not a PNG, JPEG or WebP image", "choose"];

const PICTURES: &[Row] = &[
    ("empty", || Ok(Vec::new()), &["photo", "empty", "choose"]),
    (
        "text",
        || Ok(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        NO_IMAGE,
    ),
    (
        "GIF",
        || Ok(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
        NO_IMAGE,
    ),
    (
        "BMP",
        || Ok(b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0".to_vec()),
        NO_IMAGE,
    ),
    ("one byte", || Ok(vec![0x89]), NO_IMAGE),
    (
        "PNG signature",
        || Ok(b"\x89PNG\r\n\x1a\n".to_vec()),
        &["photo", "PNG"],
    ),
    (
        "half a PNG",
        || half("shapes_257x201.png"),
        &["photo", "PNG", "ends before", "complete"],
    ),
    (
        "half a JPEG",
        || half("waves_84x56.jpg"),
        &["photo", "JPEG", "ends before", "complete"],
    ),
    (
        "damaged PNG",
        damaged_png,
        &["photo", "PNG", "cannot be decoded", "save it again"],
    ),
    ("no pixels", || png_stating(0, 7), &["photo", "PNG"]),
    (
        "100 megapixels, PNG",
        || png_stating(10_000, 10_001),
        &["10000 x 10001", "50 megapixels", "scale it down"],
    ),
    (
        "100 megapixels, JPEG",
        || jpeg_stating(10_000, 10_001),
        &["10000 x 10001", "scale it down"],
    ),
    (
        "268 megapixels, WebP",
        || webp_stating(16_383, 16_383),
        &["16383 x 16383", "scale it down"],
    ),
    (
        "2^62 pixels",
        || png_stating(0x7FFF_FFFF, 0x7FFF_FFFF),
        &["2147483647 x 2147483647", "scale it down"],
    ),
    (
        "aspect 201",
        || encoded(201, 1, ImageFormat::Png),
        &["201 x 1", "200 times the shorter", "crop it"],
    ),
    (
        "aspect 1/201",
        || encoded(2, 402, ImageFormat::Png),
        &["2 x 402", "200 times"],
    ),
];

fn half(name: &str) -> Result<Vec<u8>> {
    let mut file = fs::read(image(name))?;
    file.truncate(file.len() / 2);
    Ok(file)
}

/// A byte of the compressed pixels is another.
fn damaged_png() -> Result<Vec<u8>> {
    let mut file = fs::read(image("shapes_112x84.png"))?;
    let pixels = file.windows(4).position(|kind| kind == b"IDAT");
    file[pixels.context("no pixels")? + 40] ^= 0xFF;
    Ok(file)
}

#[test]
fn each_is_refused_with_its_reason() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("photo");
    let mut failures = Vec::new();
    for (name, picture, words) in PICTURES {
        fs::write(&file, picture()?)?;
        let started = Instant::now();
        let run = Ask::question(&model::tied(), "What is it?")?
            .image(&file)
            .run()?;
        let seconds = started.elapsed().as_secs_f64();
        if let Err(error) = run.must_fail(words) {
            failures.push(format!("{name}: {error:#}"));
        }
        // No pixel is decoded before the size is known; most of this is the start of the program.
        ensure!(seconds < 20.0, "{name} took {seconds} s");
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn of_several_the_bad_one_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("second.png");
    fs::write(&file, b"nothing")?;
    let ask = Ask::question(&model::tied(), "Compare.")?.image(&image("pixel_1x1.png"));
    ask.image(&file)
        .run()?
        .must_fail(&["second.png", "not a PNG"])
}

/// Rows and columns of 28 pixels: the library's `smart_resize` gives 56 × 56 for one pixel, and for 200 × 1
/// and 1 × 200 the area of 3136 rounded up, 28 × 812.
#[test]
fn odd_sizes_that_work() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("odd.png");
    for (width_px, height_px, rows, cols) in [(1, 1, 2, 2), (200, 1, 1, 29), (1, 200, 29, 1)] {
        fs::write(&file, encoded(width_px, height_px, ImageFormat::Png)?)?;
        let ask = Ask::question(&model::tied(), "What is it?")?.image(&file);
        let (run, trace) = traced(ask.args(["--max-tokens", "1"]))?;
        run.answer()?;
        let shown = &trace.prompt.images[0];
        ensure!([shown.rows, shown.cols] == [rows, cols], "{shown:?}");
        ensure!(
            [shown.width_px, shown.height_px] == [width_px, height_px],
            "{shown:?}"
        );
    }
    Ok(())
}

#[test]
fn too_many_image_tokens_for_the_context() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large.png");
    // 60 × 70 image tokens; the context is 4096.
    fs::write(&file, encoded(1960, 1680, ImageFormat::Png)?)?;
    let run = Ask::question(&model::tied(), "What is it?")?
        .image(&file)
        .run()?;
    run.must_fail(&[
        "4200 of them for images",
        "context holds 4095",
        "lower max_pixels",
    ])
}
