// SPDX-License-Identifier: GPL-2.0

//! A figure as a line of JSON.

use crate::repeat::Row;
use crate::work::Work;

/// `{"lab", "image", "work", "fs", "unit", "median", "min", "max"}`. No name needs escapes.
pub(crate) fn line(lab: &str, work: &Work, row: &Row) -> String {
    let value = |at: usize| row.values.get(at).copied().unwrap_or(f64::NAN);
    let [image, _] = work.images;
    let name = match row.part {
        "" => work.name.to_owned(),
        part => format!("{}: {part}", work.name),
    };
    format!(
        r#"{{"lab": "{lab}", "image": "{image}", "work": "{name}", "fs": "{}", "unit": "{}", "median": {}, "min": {}, "max": {}}}"#,
        row.contender,
        row.unit,
        value(row.values.len() / 2),
        value(0),
        value(row.values.len().saturating_sub(1)),
    )
}
