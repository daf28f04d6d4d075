// SPDX-License-Identifier: GPL-2.0

//! Repetition: everyone in turn, until the figures can be believed.

use std::error::Error;

use crate::contender::Contender;
use crate::Result;

/// One figure of one run.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    /// The part of the work, or "".
    pub(crate) part: &'static str,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// How many.
    pub(crate) value: f64,
}

/// The figures of all runs of one contender.
pub(crate) struct Row {
    pub(crate) contender: &'static str,
    pub(crate) part: &'static str,
    pub(crate) unit: &'static str,
    /// In rising order.
    pub(crate) values: Vec<f64>,
}

/// Who failed, and why.
pub(crate) type Failures = Vec<(&'static str, Box<dyn Error>)>;

/// How often a work is done.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Repeat {
    /// Until runs agree within a per cent; those are taken.
    UntilAgreed,
    /// Many times, since the figures are noisy; all are taken.
    Often,
    /// Once: it is pages that are counted.
    Once,
}

/// Where exact figures do not agree after this many rounds, what there is must do.
const MOST: usize = 8;

/// How many rounds of noisy figures.
const NOISY: usize = 15;

/// How many runs must agree, and how well.
const AGREE: usize = 3;
const WITHIN: f64 = 1.01;

/// The densest `AGREE` of the values, if they agree.
fn agreeing(values: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let spread = |w: &[f64]| match (w.first(), w.last()) {
        (Some(&low), Some(&high)) if low > 0.0 => high / low,
        (Some(&low), Some(&high)) if low == high => 1.0,
        _ => f64::INFINITY,
    };
    sorted
        .windows(AGREE)
        .map(|w| (spread(w), w))
        .filter(|(spread, _)| *spread <= WITHIN)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, w)| w.to_vec())
}

/// Runs `work` on everyone in turn. Who fails once is left out, and named with its reason.
pub(crate) fn rounds(
    contenders: &'static [Contender],
    repeat: Repeat,
    mut work: impl FnMut(&Contender) -> Result<Vec<Figure>>,
) -> (Vec<Row>, Failures) {
    let mut rows: Vec<Row> = Vec::new();
    let mut failed = Failures::new();
    let exact = repeat == Repeat::UntilAgreed;
    let most = match repeat {
        Repeat::UntilAgreed => MOST,
        Repeat::Often => NOISY,
        Repeat::Once => 1,
    };
    for round in 1..=most {
        for contender in contenders {
            if failed.iter().any(|(name, _)| *name == contender.name) {
                continue;
            }
            // Who needs no more rounds makes way for those who do.
            let mut own = rows.iter().filter(|row| row.contender == contender.name);
            if exact && round > AGREE && own.all(|row| agreeing(&row.values).is_some()) {
                continue;
            }
            let figures = work(contender).unwrap_or_else(|error| {
                rows.retain(|row| row.contender != contender.name);
                failed.push((contender.name, error));
                Vec::new()
            });
            for figure in figures {
                let same = |row: &&mut Row| {
                    row.contender == contender.name
                        && row.part == figure.part
                        && row.unit == figure.unit
                };
                match rows.iter_mut().find(same) {
                    Some(row) => row.values.push(figure.value),
                    None => rows.push(Row {
                        contender: contender.name,
                        part: figure.part,
                        unit: figure.unit,
                        values: vec![figure.value],
                    }),
                }
            }
        }
        if exact && round >= AGREE && rows.iter().all(|row| agreeing(&row.values).is_some()) {
            break;
        }
    }
    for row in &mut rows {
        if exact {
            if let Some(values) = agreeing(&row.values) {
                row.values = values;
            }
        }
        row.values.sort_by(f64::total_cmp);
    }
    (rows, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_runs_are_discarded() {
        let values = [300.0, 180.0, 100.0, 100.5, 100.2, 120.0];
        assert_eq!(agreeing(&values), Some(vec![100.0, 100.2, 100.5]));
    }

    #[test]
    fn what_does_not_agree_is_not_taken() {
        assert_eq!(agreeing(&[100.0, 102.0, 104.0]), None);
        assert_eq!(agreeing(&[100.0, 100.0]), None);
    }

    #[test]
    fn zeros_agree() {
        assert_eq!(agreeing(&[0.0, 0.0, 0.0]), Some(vec![0.0; 3]));
    }
}
