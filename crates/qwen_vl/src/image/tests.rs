use super::resize::{Pixels, resize};
use super::{PatchedImage, Picture, PictureError, smart_resize};
use crate::config::PreprocessorConfig;
use crate::oracle::{self, Case};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use proptest::prelude::*;

fn png(bytes: &[u8], width_px: u32, height_px: u32, color: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(bytes, width_px, height_px, color)
        .expect("a valid picture");
    file
}

fn decoded(bytes: &[u8], color: ExtendedColorType) -> Vec<u8> {
    Picture::decode(&png(bytes, 1, 1, color))
        .expect("a valid picture")
        .rgb()
        .to_vec()
}

#[test]
fn every_colour_type_becomes_rgb() {
    use ExtendedColorType::{L8, L16, La8, La16, Rgb8, Rgb16, Rgba8, Rgba16};
    assert_eq!(decoded(&[1, 2, 3], Rgb8), [1, 2, 3]);
    assert_eq!(decoded(&[7], L8), [7; 3]);
    // White shows through: 255 · 0.6 + c · 0.4, rounded.
    assert_eq!(decoded(&[0, 100, 255, 102], Rgba8), [153, 193, 255]);
    assert_eq!(decoded(&[9, 9, 9, 0], Rgba8), [255; 3]);
    assert_eq!(decoded(&[50, 102], La8), [173; 3]);
    // 16-bit samples keep the high byte, whatever the low one says.
    let wide = |high: &[u8]| -> Vec<u8> {
        high.iter()
            .flat_map(|b| (u16::from(*b) << 8 | 0xFE).to_ne_bytes())
            .collect()
    };
    assert_eq!(decoded(&wide(&[1, 2, 3]), Rgb16), [1, 2, 3]);
    assert_eq!(decoded(&wide(&[7]), L16), [7; 3]);
    assert_eq!(decoded(&wide(&[0, 100, 255, 102]), Rgba16), [153, 193, 255]);
    assert_eq!(decoded(&wide(&[50, 102]), La16), [173; 3]);
}

#[test]
fn wrong_files_have_their_error() {
    let whole = png(&[9; 64 * 64 * 3], 64, 64, ExtendedColorType::Rgb8);
    let error = |bytes: &[u8]| Picture::decode(bytes).expect_err("a wrong file");
    assert!(matches!(error(b""), PictureError::Empty));
    assert!(matches!(
        error(b"%PDF-1.7 and so on"),
        PictureError::UnknownFormat
    ));
    assert!(matches!(error(&[0; 4096]), PictureError::UnknownFormat));
    assert!(matches!(
        error(b"GIF89a\x01\x00\x01\x00"),
        PictureError::UnknownFormat
    ));
    for n_byte in [10, 30, whole.len() / 2, whole.len() - 20] {
        assert!(
            matches!(
                error(&whole[..n_byte]),
                PictureError::Truncated { format: "PNG" }
            ),
            "{n_byte}"
        );
    }
    let mut damaged = whole.clone();
    damaged[60] ^= 0x55;
    assert!(matches!(
        error(&damaged),
        PictureError::Broken { format: "PNG", .. }
    ));
}

/// A PNG of which only the header exists.
fn header_only(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut file = png(&[0; 3], 1, 1, ExtendedColorType::Rgb8);
    file[16..20].copy_from_slice(&width_px.to_be_bytes());
    file[20..24].copy_from_slice(&height_px.to_be_bytes());
    let crc = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    file
}

/// The checksum of a PNG chunk, bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| {
        if crc & 1 == 1 {
            crc >> 1 ^ 0xEDB8_8320
        } else {
            crc >> 1
        }
    };
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

#[test]
fn size_is_judged_by_the_header() {
    for [width, height] in [
        [10_000, 10_000],
        [50_000_001, 1],
        [i32::MAX as u32, i32::MAX as u32],
    ] {
        let error = Picture::decode(&header_only(width, height)).expect_err("too large");
        assert!(
            matches!(error, PictureError::TooLarge { width_px, .. } if width_px == width as usize),
            "{error}"
        );
        assert!(error.to_string().contains("50 megapixels"), "{error}");
    }
    let lie = Picture::decode(&header_only(300, 200)).expect_err("pixels are missing");
    assert!(
        matches!(
            lie,
            PictureError::Truncated { .. } | PictureError::Broken { .. }
        ),
        "{lie}"
    );
}

#[test]
fn oracle_sizes_are_met() {
    let Some(file) = oracle::json("oracle/tables/smart_resize.json") else {
        return;
    };
    let rows = file["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 520);
    for row in rows {
        let number = |column: usize| row[column].as_u64().expect("a number") as usize;
        let config = PreprocessorConfig {
            min_pixels: number(2),
            max_pixels: number(3),
            ..Default::default()
        };
        let size = smart_resize(number(0), number(1), &config);
        match row[4].as_array() {
            Some(_) => assert_eq!(serde_json::json!(size.ok()), row[4], "{row}"),
            None => assert!(
                matches!(size, Err(PictureError::AspectRatio { .. })),
                "{row}"
            ),
        }
    }
}

#[test]
fn odd_sizes_follow_the_rules() {
    let size = |height, width| smart_resize(height, width, &PreprocessorConfig::default());
    assert_eq!(size(1, 1).ok(), Some([56, 56]));
    assert_eq!(size(70, 98).ok(), Some([56, 112]), "halves round to even");
    assert_eq!(size(200, 1).is_ok(), size(201, 1).is_err());
    assert!(size(0, 0).is_err() && size(0, 5).is_err());
    let greedy = PreprocessorConfig {
        min_pixels: 40_000_000,
        max_pixels: 51_380_224,
        ..Default::default()
    };
    let large = smart_resize(1, 200, &greedy).map(|[height, width]| height * width);
    assert!(large.is_ok_and(|area| area < 51_380_224));
}

/// A ramp, halved: the antialiased kernel (a = −0.5, stretched by 2) has the weights
/// −3, −9, 29, 111, 111, 29, −9, −3 (/256) inside; at the border they are cut and scaled up.
#[test]
fn halving_matches_the_kernel_by_hand() {
    let line: Vec<u8> = [0u8, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200, 200]
        .iter()
        .flat_map(|v| [*v; 3])
        .collect();
    let half = resize(
        Pixels {
            rgb: line.into(),
            width_px: 12,
            height_px: 1,
        },
        6,
        1,
    );
    let grey: Vec<u8> = half.rgb.chunks(3).map(|p| p[0]).collect();
    // Result 2 reads 1…8: 200 · (111 + 29 − 9 − 3) / 256 = 100; result 1 reads −1…6, two of them beyond the edge step:
    // 200 · (−9 − 3) / 256 < 0; result 3 reads 3…10: 200 · (256 + 3 + 9) / 256 > 200.
    assert_eq!(grey[1..4], [0, 100, 209]);
}

#[test]
fn oracle_pictures_are_met() {
    for case in Case::all() {
        let config = PreprocessorConfig::parse(&case.json("preprocessor_config.json"))
            .expect("an oracle checkpoint");
        let mut pixel_values = Vec::new();
        for (i, file) in case.images().iter().enumerate() {
            let picture = Picture::decode(file).expect("an oracle picture");
            if case.name == "a12_jpeg" {
                let reference = oracle::bytes("oracle/images/photo_230x170.decoded.png")
                    .expect("the oracle is complete");
                let reference = Picture::decode(&reference).expect("an oracle picture");
                assert!(picture == reference, "the JPEG decoder equals Pillow's");
            }
            let patched = PatchedImage::new(&picture, &config).expect("an oracle picture");
            let tensors = case.tensors();
            let resized = tensors
                .tensor(&format!("resized_u8.{i}"))
                .expect("the oracle has the tensor");
            assert_eq!(
                resized.shape(),
                [patched.resized_height_px, patched.resized_width_px, 3],
                "{}",
                case.name
            );
            assert!(
                resized.data() == patched.resized_rgb,
                "{} image {i}",
                case.name
            );
            assert_eq!(patched.grid, case.grids()[i], "{}", case.name);
            pixel_values.extend(patched.pixel_values);
        }
        if !pixel_values.is_empty() {
            check_pixel_values(&case, &pixel_values);
        }
    }
}

fn check_pixel_values(case: &Case, pixel_values: &[f32]) {
    let tensors = case.tensors();
    let rows = oracle::ints(&tensors, "pixel_values_rows").into_iter();
    let rows: Vec<f32> = rows
        .flat_map(|row| pixel_values[row as usize * 1176..][..1176].to_vec())
        .collect();
    let sample = oracle::floats(&tensors, "pixel_values_sample");
    assert!(
        oracle::max_difference(&rows, &sample) < 1e-6,
        "{}",
        case.name
    );
    if tensors.names().contains(&"pixel_values") {
        let all = oracle::floats(&tensors, "pixel_values");
        assert!(
            oracle::max_difference(pixel_values, &all) < 1e-6,
            "{}",
            case.name
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(
        junk in prop::collection::vec(any::<u8>(), 0..200), format in 0usize..4, at_byte in 0usize..400, byte: u8,
    ) {
        let head: [&[u8]; 4] = [b"", b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF", b"RIFF\x40\x00\x00\x00WEBPVP8 "];
        let _ = Picture::decode(&[head[format], &junk].concat());
        let mut file = png(&[9; 12 * 9 * 3], 12, 9, ExtendedColorType::Rgb8);
        let n_byte = file.len();
        file[at_byte % n_byte] = byte;
        let _ = Picture::decode(&file);
    }

    #[test]
    fn sizes_satisfy_the_limits(height in 1usize..9000, width in 1usize..9000) {
        let config = PreprocessorConfig::default();
        if let Ok([rows_px, cols_px]) = smart_resize(height, width, &config) {
            prop_assert!(rows_px % 28 == 0 && cols_px % 28 == 0);
            prop_assert!((3136..=12_845_056).contains(&(rows_px * cols_px)));
        } else {
            prop_assert!(height.max(width) > 200 * height.min(width));
        }
    }

    #[test]
    fn a_uniform_picture_stays_uniform(grey: u8, width in 1usize..90, height in 1usize..90, to in 1usize..90) {
        let pixels = Pixels { rgb: vec![grey; width * height * 3].into(), width_px: width, height_px: height };
        let resized = resize(pixels, to, 28);
        prop_assert_eq!(resized.rgb.len(), to * 28 * 3);
        prop_assert!(resized.rgb.iter().all(|value| *value == grey));
    }
}
