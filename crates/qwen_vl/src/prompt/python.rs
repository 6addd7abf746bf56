//! What chat templates take from Python and transformers beyond Jinja: string methods, `raise_exception`, `tojson`,
//! `strftime_now`.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io;

/// The message of a template's own `raise_exception`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Raised(String);

/// The words of `raise_exception`, if that is what ended the rendering.
pub(super) fn raised(error: &Error) -> Option<String> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(Raised(message)) = error.downcast_ref() {
            return Some(message.clone());
        }
        cause = error.source();
    }
    None
}

/// Adds functions, filters and methods; `unix_seconds` is the time `strftime_now` tells.
pub(super) fn add_to(environment: &mut Environment<'_>, unix_seconds: Option<u64>) {
    environment.add_function(
        "raise_exception",
        |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, "raise_exception")
                .with_source(Raised(message)))
        },
    );
    environment.add_function("strftime_now", move |format: String| {
        let seconds = unix_seconds
            .ok_or_else(|| invalid("strftime_now is called but no clock was given".into()))?;
        strftime(&format, seconds)
    });
    environment.add_filter("tojson", tojson);
    environment.set_unknown_method_callback(|_, value, method, args| match value.kind() {
        ValueKind::String => string_method(value.as_str().unwrap_or_default(), method, args),
        ValueKind::Map => map_method(value, method, args),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    });
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn string_method(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    let texts: Option<Vec<&str>> = args.iter().map(Value::as_str).collect();
    let texts = texts.ok_or_else(|| invalid(format!("{method} takes strings")))?;
    let value = match (method, texts.as_slice()) {
        ("strip", []) => Value::from(text.trim()),
        ("lstrip", []) => Value::from(text.trim_start()),
        ("rstrip", []) => Value::from(text.trim_end()),
        ("strip", [set]) => Value::from(text.trim_matches(|c| set.contains(c))),
        ("lstrip", [set]) => Value::from(text.trim_start_matches(|c| set.contains(c))),
        ("rstrip", [set]) => Value::from(text.trim_end_matches(|c| set.contains(c))),
        ("startswith", [start]) => Value::from(text.starts_with(start)),
        ("endswith", [end]) => Value::from(text.ends_with(end)),
        ("split", []) => text.split_whitespace().collect(),
        ("split", [separator]) if !separator.is_empty() => text.split(separator).collect(),
        ("replace", [from, to]) => Value::from(text.replace(from, to)),
        ("lower", []) => Value::from(text.to_lowercase()),
        ("upper", []) => Value::from(text.to_uppercase()),
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    };
    Ok(value)
}

fn map_method(map: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let keys = || map.try_iter();
    match (method, args) {
        ("keys", []) => Ok(keys()?.collect()),
        ("values", []) => keys()?.map(|key| map.get_item(&key)).collect(),
        ("items", []) => {
            let pair = |key: Value| Ok(Value::from(vec![key.clone(), map.get_item(&key)?]));
            keys()?.map(pair).collect()
        }
        ("get", [key]) => Ok(Some(map.get_item(key)?)
            .filter(|value| !value.is_undefined())
            .unwrap_or(().into())),
        ("get", [key, default]) => {
            let value = map.get_item(key)?;
            Ok(if value.is_undefined() {
                default.clone()
            } else {
                value
            })
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

/// `json.dumps(value, ensure_ascii=False, indent=indent)`, with Python's spaces after comma and colon.
fn tojson(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let mut bytes = Vec::new();
    let written = match indent {
        Some(n_space) => {
            let spaces = vec![b' '; n_space.min(16)];
            value.serialize(&mut Serializer::with_formatter(
                &mut bytes,
                PrettyFormatter::with_indent(&spaces),
            ))
        }
        None => value.serialize(&mut Serializer::with_formatter(&mut bytes, PythonFormatter)),
    };
    written.map_err(|error| invalid(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
    Ok(Value::from_safe_string(text))
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(b", ")
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(b", ")
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The date and time in UTC, for the format letters that templates use.
fn strftime(format: &str, unix_seconds: u64) -> Result<String, Error> {
    let [year, month, day] = civil_date(unix_seconds / 86_400);
    let second = unix_seconds % 86_400;
    let month_name = MONTHS[month as usize - 1];
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        text += &match letters.next() {
            Some('Y') => year.to_string(),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('B') => month_name.to_owned(),
            Some('b') => month_name[..3].to_owned(),
            Some('H') => format!("{:02}", second / 3600),
            Some('M') => format!("{:02}", second / 60 % 60),
            Some('S') => format!("{:02}", second % 60),
            Some('%') => "%".to_owned(),
            other => {
                return Err(invalid(format!(
                    "strftime_now does not know %{}",
                    other.unwrap_or(' ')
                )));
            }
        };
    }
    Ok(text)
}

/// Year, month and day of a day number since 1970-01-01 (proleptic Gregorian calendar).
fn civil_date(mut day: u64) -> [u64; 3] {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // 400 years have 146 097 days.
    let mut year = 1970 + day / 146_097 * 400;
    day %= 146_097;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for n_day in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < n_day {
            break;
        }
        day -= n_day;
        month += 1;
    }
    [year, month, day + 1]
}
