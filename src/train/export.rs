//! A [`History`] as tables and lines that other programs read. With the feature `files`.

use std::path::Path;

use serde::{Serialize, Serializer};

use super::{EpochRecord, History};
use crate::checkpoint::replace;
use crate::error::{Error, Result};

impl History {
    /// Writes a row for each epoch as CSV: `epoch`, `step`, `loss`, `validation_loss`, `rate`, `seconds`, then the
    /// metrics by name. What an epoch has not is an empty cell; what is not finite is `NaN`, `inf` or `-inf`. The old
    /// file or the new one is there at any time, and never a part of either. Needs the feature `files`.
    ///
    /// # Errors
    /// Where the file can't be written.
    ///
    /// ```
    /// use sapwood::train::{EpochRecord, History};
    ///
    /// # let path = std::env::temp_dir().join(format!("sapwood-doc-{}.csv", std::process::id()));
    /// let record = EpochRecord { step: 20, loss: 0.5, seconds: 1.5, ..EpochRecord::default() };
    /// let history = History { epochs: vec![record], ..History::default() };
    /// history.write_csv(&path)?;
    /// let table = "epoch,step,loss,validation_loss,rate,seconds\n0,20,0.5,,,1.5\n";
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), table);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut metrics: Vec<&str> = vec![];
        for (name, _) in self.epochs.iter().flat_map(|epoch| &epoch.metrics) {
            if !metrics.contains(&name.as_str()) {
                metrics.push(name);
            }
        }
        let head = [&["epoch", "step", "loss", "validation_loss", "rate", "seconds"], &metrics[..]].concat();
        let rows = self.epochs.iter().map(|epoch| {
            let fixed = [Some(epoch.loss), epoch.validation_loss, epoch.rate, Some(epoch.seconds)];
            let cells = fixed.into_iter().chain(metrics.iter().map(|name| epoch.metric(name)));
            let counts = [epoch.epoch, epoch.step].map(|count| count.to_string());
            counts.into_iter().chain(cells.map(|cell| cell.map_or(String::new(), |x| x.to_string()))).collect()
        });
        write_table(path.as_ref(), &head, rows)
    }

    /// Writes a row for each step as CSV: `step`, counted from 1 as in [`EpochRecord::step`], and `loss`. Else as
    /// [`write_csv`](Self::write_csv).
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn write_steps_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let rows = (1u64..).zip(&self.losses).map(|(step, loss)| vec![step.to_string(), loss.to_string()]);
        write_table(path.as_ref(), &["step", "loss"], rows)
    }

    /// Writes a line for each epoch, with a JSON object of the fields of an [`EpochRecord`]; `metrics` is an object.
    ///
    /// What an epoch has not is left out. What is not finite is `null`, for JSON has no such numbers. The old file or
    /// the new one is there at any time, and never a part of either. Needs the feature `files`.
    ///
    /// # Errors
    /// Where the file can't be written.
    ///
    /// ```
    /// use sapwood::train::{EpochRecord, History};
    ///
    /// # let path = std::env::temp_dir().join(format!("sapwood-doc-{}.jsonl", std::process::id()));
    /// let metrics = vec![("accuracy".to_owned(), 0.9)];
    /// let record = EpochRecord { step: 20, loss: f64::NAN, metrics, ..EpochRecord::default() };
    /// History { epochs: vec![record], ..History::default() }.write_json_lines(&path)?;
    /// let line = r#"{"epoch":0,"step":20,"loss":null,"metrics":{"accuracy":0.9},"seconds":0.0}"#;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{line}\n"));
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), sapwood::Error>(())
    /// ```
    pub fn write_json_lines(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let mut text = vec![];
        for epoch in &self.epochs {
            serde_json::to_writer(&mut text, &Line::of(epoch)).map_err(|error| Error::io(path)(error.into()))?;
            text.push(b'\n');
        }
        replace(path, &text)
    }
}

/// An [`EpochRecord`] as other programs expect it. (Its own form, that of checkpoints, has a list of pairs as metrics.)
#[derive(Serialize)]
struct Line<'a> {
    epoch: u64,
    step: u64,
    loss: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_loss: Option<f64>,
    metrics: Metrics<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    seconds: f64,
}

impl<'a> Line<'a> {
    fn of(record: &'a EpochRecord) -> Self {
        let &EpochRecord { epoch, step, loss, validation_loss, ref metrics, rate, seconds } = record;
        Line { epoch, step, loss, validation_loss, metrics: Metrics(metrics), rate, seconds }
    }
}

/// An object, its fields in order.
struct Metrics<'a>(&'a [(String, f64)]);

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn write_table(path: &Path, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<()> {
    let table = || -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(vec![]);
        writer.write_record(head)?;
        for row in rows {
            writer.write_record(row)?;
        }
        Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
    };
    let table = table().map_err(|error| Error::io(path)(error.into()))?;
    replace(path, &table)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;

    /// Two epochs, one with all fields and one that diverged, and a path of the test's own.
    fn history(name: &str) -> (History, PathBuf) {
        let metrics = vec![("top-1, \"hard\"".to_owned(), 0.9), ("f1".to_owned(), f64::NEG_INFINITY)];
        let first = EpochRecord { step: 10, loss: 0.1 + 0.2, seconds: 1.5, metrics, ..EpochRecord::default() };
        let first = EpochRecord { validation_loss: Some(1e-300), rate: Some(1e-3), ..first };
        let metrics = vec![("auc".to_owned(), f64::NAN)];
        let second = EpochRecord { epoch: 1, step: 20, loss: f64::INFINITY, metrics, ..EpochRecord::default() };
        let history = History { losses: vec![1.0, f64::NAN], epochs: vec![first, second], ..History::default() };
        (history, std::env::temp_dir().join(format!("sapwood-export-{name}-{}", std::process::id())))
    }

    fn read_table(path: &Path) -> Vec<Vec<String>> {
        let mut table = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
        table.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn tables_have_a_row_an_epoch_and_a_row_a_step() {
        let (history, path) = history("csv");
        history.write_csv(&path).unwrap();
        let rows = read_table(&path);
        let fixed = ["epoch", "step", "loss", "validation_loss", "rate", "seconds"];
        assert_eq!(rows[0], [&fixed[..], &["top-1, \"hard\"", "f1", "auc"]].concat());
        assert_eq!(rows[2], ["1", "20", "inf", "", "", "0", "", "", "NaN"]);
        // To the bit, whatever the magnitude.
        let numbers: Vec<f64> = rows[1][..8].iter().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(numbers, [0.0, 10.0, 0.1 + 0.2, 1e-300, 1e-3, 1.5, 0.9, f64::NEG_INFINITY]);
        history.write_steps_csv(&path).unwrap();
        assert_eq!(read_table(&path), [["step", "loss"], ["1", "1"], ["2", "NaN"]]);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn lines_are_json() {
        let (history, path) = history("json");
        history.write_json_lines(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let metrics = json!({"top-1, \"hard\"": 0.9, "f1": null});
        let first = json!({"epoch": 0, "step": 10, "loss": 0.1 + 0.2, "validation_loss": 1e-300, "metrics": metrics,
            "rate": 1e-3, "seconds": 1.5});
        let second = json!({"epoch": 1, "step": 20, "loss": null, "metrics": {"auc": null}, "seconds": 0.0});
        assert_eq!(lines, [first, second]);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn errors_name_the_file() {
        let (history, _) = history("nowhere");
        let path = Path::new("/no/such/folder/x");
        for written in [history.write_csv(path), history.write_steps_csv(path), history.write_json_lines(path)] {
            let message = written.unwrap_err().to_string();
            assert!(message.starts_with("/no/such/folder/x: "), "{message}");
        }
    }
}
