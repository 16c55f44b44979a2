//! When a photo was taken: EXIF's three texts as one of ISO 8601.

use darkroom_codec::exif::Directory;

const DATE_TIME_ORIGINAL: u16 = 0x9003;
const OFFSET_TIME_ORIGINAL: u16 = 0x9011;
const SUB_SEC_TIME_ORIGINAL: u16 = 0x9291;

/// The time in the EXIF directory, such as `2024-05-01T18:30:05.25+02:00`; local time where there is no offset.
pub(crate) fn taken_at(exif: Directory<'_>) -> Option<String> {
    let text = |tag| std::str::from_utf8(exif.find(tag)?.text()?).ok().map(str::trim);
    let mut taken = date_time(text(DATE_TIME_ORIGINAL)?)?;
    if let Some(fraction) = text(SUB_SEC_TIME_ORIGINAL).filter(|text| is_fraction(text)) {
        taken.extend([".", fraction]);
    }
    if let Some(offset) = text(OFFSET_TIME_ORIGINAL).filter(|text| is_offset(text)) {
        taken.push_str(offset);
    }
    Some(taken)
}

/// `2024:05:01 18:30:05`, if there was such a moment, with the separators of ISO 8601.
fn date_time(text: &str) -> Option<String> {
    let pattern = b"0000:00:00 00:00:00";
    let follows = |(byte, pattern): (u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        separator => byte == *separator,
    };
    if text.len() != pattern.len() || !text.bytes().zip(pattern).all(follows) {
        return None;
    }
    let (date, time) = text.split_once(' ')?;
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let possible = year > 0
        && (1..=days(year, month)).contains(&day)
        && (hour, minute, second) <= (23, 59, 59)
        && minute < 60
        && second < 60;
    possible.then(|| format!("{}T{time}", date.replace(':', "-")))
}

/// Days of a month; 0 where there is no such month.
fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// One to nine digits.
fn is_fraction(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `Z`, or a sign, hours up to 14 and minutes.
fn is_offset(text: &str) -> bool {
    match *text.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h, hour, b':', m, minute] => {
            [h, hour, m, minute].iter().all(u8::is_ascii_digit) && (h, hour) <= (b'1', b'4') && m < b'6'
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_that_were_and_were_not() {
        assert_eq!(date_time("2024:02:29 23:59:59").as_deref(), Some("2024-02-29T23:59:59"));
        assert_eq!(date_time("2000:02:29 00:00:00").as_deref(), Some("2000-02-29T00:00:00"));
        for never in [
            "",
            "0000:00:00 00:00:00",
            "0000:01:01 00:00:00",
            "    :  :     :  :  ",
            "2023:02:29 00:00:00",
            "1900:02:29 00:00:00",
            "2023:13:01 00:00:00",
            "2023:00:01 00:00:00",
            "2023:01:00 00:00:00",
            "2023:04:31 00:00:00",
            "2023:01:01 24:00:00",
            "2023:01:01 10:60:00",
            "2023:01:01 10:00:60",
            "2023-01-01 10:00:00",
            "2023:01:01T10:00:00",
            "2023:01:01 10:00",
            "2023:01:01 +1:00:00",
            "2023:01:01 10:00:0é",
        ] {
            assert_eq!(date_time(never), None, "{never}");
        }
    }

    #[test]
    fn offsets_and_fractions() {
        assert!(["Z", "+00:00", "-09:30", "+14:00"].into_iter().all(is_offset));
        assert!(
            !["", "+1:00", "+15:00", "+19:00", "+20:00", "01:00", "+01:60", "+0100", "+é:00"]
                .into_iter()
                .any(is_offset)
        );
        assert!(["0", "25", "123456789"].into_iter().all(is_fraction));
        assert!(!["", "1234567890", "-1", "2 5"].into_iter().any(is_fraction));
    }
}
