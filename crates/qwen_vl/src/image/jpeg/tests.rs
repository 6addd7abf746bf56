use super::{JpegError, dct, decode};
use crate::image::tests::crc32;
use proptest::prelude::*;

// Files written by Pillow 13; the checksums are those of Pillow's RGB pixels.

/// 19 x 13 pixels.
const PROGRESSIVE_420: &str = "\
    ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e\
    292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d354f4f4f4f\
    4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc2001108000d001303\
    012200021101031101ffc4001800000301010000000000000000000000000001030204ffc400160101010100000000000000000000000000\
    000102ffda000c03010002100310000001974b8c33035fffc4001a100003000301000000000000000000000000010302112122ffda000801\
    010001050294f4532788a5c7e6524759ffc4001c1100020007000000000000000000000000000102030405122251ffda0008010301013f01\
    a69796cc7708787fffc4001a110002020300000000000000000000000000011113223261ffda0008010201013f019b727aa2fe1fffc4001c\
    1000020202030000000000000000000000000102111031123261ffda0008010100063f0238c7b3df98725b2cbb67ffc4001c100002020203\
    0000000000000000000000000111213161415191ffda0008010100013f2188a88d7f61702a50cf1f447a272b7b25b4a767ffda000c030100\
    02000300000010ab3fffc40017110101010100000000000000000000000001003161ffda0008010301013f1035b839d86a0affc4001c1100\
    01030500000000000000000000000001001141215161a1e1ffda0008010201013f1000669c37692b1df8bfffc4001d100100010500030000\
    000000000000000001001121415181316191ffda0008010100013f10243760dc00502e2f8834bf4e8ce1233c0412542a0f1d944baed56e55\
    cb173200101ea7ffd9\
";
/// 19 x 13 pixels.
const RESTARTS_422: &str = "\
    ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e243249404c4b47\
    404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817cffdb0043011517171e1a1e3b21213b7c5346537c7c7c7c\
    7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc0001108000d001303\
    012100021101031101ffc400160001010100000000000000000000000000000304ffc4002210010002010303050000000000000000000102\
    0300041131132241122181c1d1ffc4001801000301010000000000000000000000000304050102ffc4002111000103040105000000000000\
    0000000001000203041221312311136191d1ffdd00040001ffda000c03010002110311003f008e83484014f8cd7acbe5491a2891d591dc9c\
    c0fd736a39256c23432506999dc9003a5fffd057a1ec3db18e58ac5cbfffd1bcd68d0d97569eb0014e3743ef33e8aa3667259497757cb9cd\
    33b8df31de7ea350b4584f9e8bffd29b29d8b3ea4cdfc0f18c48b01c9da9ceaa98926e3ed7ffd9\
";
/// 9 x 5 pixels.
const INVERTED_CMYK: &str = "\
    ffd8ffee000e41646f626500640000000000ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e243249404c4b474046\
    45505a736250556d5645466488656d777b8182814e608d978c7d96737e817cffc000140800050009044311004d11005911004b1100ffc400\
    160001010100000000000000000000000000050102ffc4002910000005030203090000000000000000000102030411001221051314151623\
    315153619192d2f0ffda000e0443004d0059004b00003f0071f2a6cd6b52727cd1ce5551dbd45bdf66f2854ee89891898a9a0a0570557515\
    fb43a4a091320f71440006ef51ce3c3da0bdd350dc49e9be9263e7bbf997eb4973057f0d7fffd9\
";
/// 5 x 9 pixels.
const GREY: &str = "\
    ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e243249404c4b47\
    404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817cffc0000b080009000501011100ffc40015000101000000\
    00000000000000000000000405ffc4001810000203000000000000000000000000000004233133ffda0008010100003f0084b2d1d0c5b33f\
    ffd9\
";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| (digit as char).to_digit(16).expect("a hex digit") as u8;
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

#[test]
fn pixels_equal_pillows() {
    for (hex, width_px, height_px, first, checksum) in [
        (PROGRESSIVE_420, 19, 13, [11, 38, 67], 0xA328605D),
        (RESTARTS_422, 19, 13, [0, 50, 79], 0x55A64301),
        (INVERTED_CMYK, 9, 5, [129, 108, 87], 0x838BB0F8),
        (GREY, 5, 9, [0, 0, 0], 0x879D5FDAu32),
    ] {
        let decoded = decode(&bytes(hex), 1000).expect("a valid file");
        assert_eq!((decoded.width_px, decoded.height_px), (width_px, height_px));
        assert_eq!(decoded.rgb[..3], first);
        assert_eq!(crc32(&decoded.rgb), checksum, "{width_px} x {height_px}");
    }
}

#[test]
fn a_block_of_one_brightness_is_flat() {
    let mut coefficients = [0; 64];
    coefficients[0] = 10;
    // 10 · 16 / 8 above the middle of 128.
    assert_eq!(dct::samples(&coefficients, &[16; 64]), [148; 64]);
    coefficients[0] = i16::MAX;
    assert_eq!(dct::samples(&coefficients, &[u16::MAX; 64]), [255; 64]);
}

#[test]
fn every_truncation_is_told() {
    for hex in [PROGRESSIVE_420, RESTARTS_422, INVERTED_CMYK, GREY] {
        let whole = bytes(hex);
        for n_byte in 2..whole.len() {
            let error = decode(&whole[..n_byte], 1000).err();
            assert!(
                matches!(error, Some(JpegError::Truncated)),
                "{n_byte} of {}: {error:?}",
                whole.len()
            );
        }
    }
}

#[test]
fn other_kinds_are_refused() {
    let whole = bytes(GREY);
    let at_frame = whole
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .expect("a frame");
    let changed = |at_byte: usize, byte: u8| {
        let mut file = whole.clone();
        file[at_byte] = byte;
        decode(&file, 1000).err()
    };
    assert!(
        matches!(changed(at_frame + 1, 0xC3), Some(JpegError::Unsupported(_))),
        "lossless"
    );
    assert!(
        matches!(changed(at_frame + 1, 0xC9), Some(JpegError::Unsupported(_))),
        "arithmetic"
    );
    assert!(
        matches!(changed(at_frame + 4, 12), Some(JpegError::Unsupported(_))),
        "12 bits"
    );
    assert!(
        matches!(changed(at_frame + 6, 0), Some(JpegError::Unsupported(_))),
        "no height"
    );
    let huge = Some(JpegError::TooLarge {
        width_px: 5,
        height_px: 0x7F09,
    });
    assert_eq!(
        changed(at_frame + 5, 0x7F),
        huge,
        "judged before anything is decoded"
    );
    assert!(
        matches!(changed(at_frame + 11, 0x51), Some(JpegError::Broken(_))),
        "sampling"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn damaged_files_never_panic(file in 0usize..4, at_byte in 0usize..700, byte: u8, other in 0usize..700, more: u8) {
        let mut damaged = bytes([PROGRESSIVE_420, RESTARTS_422, INVERTED_CMYK, GREY][file]);
        let n_byte = damaged.len();
        damaged[at_byte % n_byte] = byte;
        damaged[other % n_byte] = more;
        let _ = decode(&damaged, 100_000);
    }
}
