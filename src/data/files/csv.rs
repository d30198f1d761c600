//! CSV: tables as text.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::source::{open, wrong};
use crate::error::{Error, Result};
use crate::tensor::{Element, Tensor};

/// Reads a CSV file with a header; [`CsvReader`] reads others.
///
/// # Errors
/// As [`CsvReader::read`].
///
/// ```
/// use sapwood::data::read_csv;
/// use sapwood::prelude::*;
///
/// let path = std::env::temp_dir().join("sapwood-doc.csv");
/// std::fs::write(&path, "length,width,species\n5.1,3.5,setosa\n6.2,2.9,virginica\n").unwrap();
/// let table = read_csv(&path)?;
/// let x = table.columns::<f32>(["length", "width"])?;
/// let (y, classes) = table.classes("species")?;
/// assert_eq!(x, Tensor::from([[5.1, 3.5], [6.2, 2.9]]));
/// assert_eq!((y, classes), (Tensor::from([0, 1]), vec!["setosa".to_owned(), "virginica".to_owned()]));
/// # Ok::<(), sapwood::Error>(())
/// ```
pub fn read_csv(path: impl AsRef<Path>) -> Result<Table> {
    CsvReader::new().read(path)
}

/// How a CSV file is written, and what becomes of missing cells.
///
/// A cell is missing where it is empty or one of the [`missing_marks`](Self::missing_marks). Unless
/// [filled](Self::fill_missing) or [dropped](Self::drop_missing), it is an error as soon as its column is asked for.
///
/// ```
/// use sapwood::data::CsvReader;
/// use sapwood::prelude::*;
///
/// let path = std::env::temp_dir().join("sapwood-doc-missing.csv");
/// std::fs::write(&path, "1;2\n3;?\n").unwrap();
/// let reader = CsvReader::new().no_header().delimiter(b';').missing_marks(["?"]);
/// let error = reader.read(&path)?.column::<f32>(1).unwrap_err();
/// assert!(error.to_string().ends_with("line 2, column 1: the value is missing"));
/// let table = reader.fill_missing("0").read(&path)?;
/// assert_eq!(table.columns::<i64>(0..2)?, Tensor::from([[1, 2], [3, 0]]));
/// # Ok::<(), sapwood::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsvReader {
    header: bool,
    delimiter: u8,
    marks: Vec<String>,
    missing: Missing,
}

/// What becomes of missing cells.
#[derive(Clone, Debug)]
enum Missing {
    Refuse,
    Fill(String),
    Drop,
}

impl Default for CsvReader {
    fn default() -> Self {
        CsvReader { header: true, delimiter: b',', marks: vec![], missing: Missing::Refuse }
    }
}

impl CsvReader {
    /// Files with a header, whose cells are parted by commas.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first line is a row as the others; columns have numbers alone.
    pub fn no_header(self) -> Self {
        CsvReader { header: false, ..self }
    }

    /// Sets what parts the cells, such as `b';'` or `b'\t'`.
    pub fn delimiter(self, delimiter: u8) -> Self {
        CsvReader { delimiter, ..self }
    }

    /// Sets texts that stand for a missing value, such as `"NA"` or `"?"`, besides the empty one.
    pub fn missing_marks<S: Into<String>>(self, marks: impl IntoIterator<Item = S>) -> Self {
        CsvReader { marks: marks.into_iter().map(Into::into).collect(), ..self }
    }

    /// Puts this text in the place of missing cells: `"0"`, or `"NaN"` for columns of floats.
    pub fn fill_missing(self, text: impl Into<String>) -> Self {
        CsvReader { missing: Missing::Fill(text.into()), ..self }
    }

    /// Leaves out every row with a missing cell, whatever the column.
    pub fn drop_missing(self) -> Self {
        CsvReader { missing: Missing::Drop, ..self }
    }

    /// Reads a file; gzip or not, by its content. White space around cells does not count, nor do empty lines.
    ///
    /// # Errors
    /// Where the file cannot be read, is not UTF-8, or has rows of different lengths.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let (names, rows) = open(path, |source| {
            let mut reader = ReaderBuilder::new()
                .has_headers(self.header)
                .delimiter(self.delimiter)
                .trim(Trim::All)
                .from_reader(source);
            let names = if self.header { reader.headers().map_err(fault)?.clone() } else { StringRecord::new() };
            let rows = reader.records().filter_map(|row| row.map(|row| self.complete(row)).map_err(fault).transpose());
            Ok((names, rows.collect::<io::Result<_>>()?))
        })?;
        Ok(Table { path: path.to_owned(), names, rows, marks: self.marks.clone() })
    }

    /// The row with its missing cells filled; `None` where it is dropped for them.
    fn complete(&self, row: StringRecord) -> Option<StringRecord> {
        let missing = |cell: &str| is_missing(cell, &self.marks);
        match &self.missing {
            Missing::Fill(text) if row.iter().any(missing) => {
                let mut filled: StringRecord =
                    row.iter().map(|cell| if missing(cell) { text.as_str() } else { cell }).collect();
                filled.set_position(row.position().cloned());
                Some(filled)
            }
            Missing::Drop if row.iter().any(missing) => None,
            _ => Some(row),
        }
    }
}

fn is_missing(cell: &str, marks: &[String]) -> bool {
    cell.is_empty() || marks.iter().any(|mark| mark == cell)
}

fn fault(error: csv::Error) -> io::Error {
    let words = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => wrong(words),
    }
}

/// A column by its name or its number, counted from 0: `"width"`, `3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column<'a> {
    /// As the header spells it.
    Name(&'a str),
    /// Counted from 0.
    Number(usize),
}

impl<'a> From<&'a str> for Column<'a> {
    fn from(name: &'a str) -> Self {
        Column::Name(name)
    }
}

impl<'a> From<&'a String> for Column<'a> {
    fn from(name: &'a String) -> Self {
        Column::Name(name)
    }
}

impl From<usize> for Column<'_> {
    fn from(number: usize) -> Self {
        Column::Number(number)
    }
}

/// A CSV file's rows: cells of text, which become numbers when they are asked for.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    names: StringRecord,
    rows: Vec<StringRecord>,
    marks: Vec<String>,
}

impl Table {
    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The names of the columns; none without a header.
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().collect()
    }

    /// A column of numbers (or of `true` and `false`), `[rows]`.
    ///
    /// # Errors
    /// Where there is no such column, or two of the name; where a cell is missing, or is no number of the type. The error
    /// names line and column.
    pub fn column<'a, T: Element + FromStr<Err: Display>>(&self, column: impl Into<Column<'a>>) -> Result<Tensor<T>> {
        Ok(self.columns([column])?.reshape(self.len()))
    }

    /// Columns of numbers side by side, `[rows, columns]`: `["length", "width"]`, or `0..4`.
    ///
    /// # Errors
    /// As [`column`](Self::column).
    pub fn columns<'a, T: Element + FromStr<Err: Display>>(
        &self,
        columns: impl IntoIterator<Item = impl Into<Column<'a>>>,
    ) -> Result<Tensor<T>> {
        let columns = columns.into_iter().map(|column| self.find(column.into())).collect::<Result<Vec<_>>>()?;
        let mut numbers = Vec::with_capacity(self.len() * columns.len());
        for row in &self.rows {
            for &column in &columns {
                let cell = self.cell(row, column)?;
                let number = cell.parse();
                numbers.push(number.map_err(|error| {
                    self.fault(row, column, format!("`{cell}` is not of type {}: {error}", T::NAME))
                })?);
            }
        }
        Ok(Tensor::from_vec(numbers, (self.len(), columns.len())))
    }

    /// A column as text.
    ///
    /// # Errors
    /// Where there is no such column, or two of the name; where a cell is missing.
    pub fn texts<'a>(&self, column: impl Into<Column<'a>>) -> Result<Vec<&str>> {
        let column = self.find(column.into())?;
        self.rows.iter().map(|row| self.cell(row, column)).collect()
    }

    /// A column of texts as numbers of classes `[rows]`, and the classes: the texts that occur, in the order of text.
    ///
    /// # Errors
    /// As [`texts`](Self::texts).
    pub fn classes<'a>(&self, column: impl Into<Column<'a>>) -> Result<(Tensor<i64>, Vec<String>)> {
        let column = column.into();
        let classes: BTreeSet<&str> = self.texts(column)?.into_iter().collect();
        let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
        Ok((self.labels(column, &classes)?, classes))
    }

    /// A column of texts as numbers of known classes `[rows]`, such as those of the training data.
    ///
    /// # Errors
    /// As [`texts`](Self::texts), and where a cell is none of the classes.
    pub fn labels<'a>(&self, column: impl Into<Column<'a>>, classes: &[String]) -> Result<Tensor<i64>> {
        let column = self.find(column.into())?;
        let label = |row| {
            let cell = self.cell(row, column)?;
            let class = classes.iter().position(|class| class == cell);
            let class = class.ok_or_else(|| self.fault(row, column, format!("`{cell}` is none of {classes:?}")))?;
            Ok(class as i64)
        };
        Ok(self.rows.iter().map(label).collect::<Result<Vec<i64>>>()?.into())
    }

    fn cell<'a>(&self, row: &'a StringRecord, column: usize) -> Result<&'a str> {
        let cell = row.get(column).filter(|cell| !is_missing(cell, &self.marks));
        cell.ok_or_else(|| self.fault(row, column, "the value is missing"))
    }

    /// The column's number.
    fn find(&self, column: Column) -> Result<usize> {
        let error = |reason| Err(Error::Format { path: self.path.clone(), reason });
        match column {
            Column::Number(number) => match self.rows.first().unwrap_or(&self.names).len() {
                count if number < count => Ok(number),
                count => error(format!("there is no column {number} among {count}, counted from 0")),
            },
            Column::Name(name) => match self.names.iter().filter(|other| *other == name).count() {
                1 => Ok(self.names.iter().position(|other| other == name).unwrap_or_default()),
                0 => error(format!("there is no column `{name}` among {:?}", self.names())),
                _ => error(format!("several columns are called `{name}`; take one by its number")),
            },
        }
    }

    fn fault(&self, row: &StringRecord, column: usize, reason: impl Display) -> Error {
        let line = row.position().map_or(0, csv::Position::line);
        let column = self.names.get(column).map_or_else(|| column.to_string(), |name| format!("`{name}`"));
        Error::Format { path: self.path.clone(), reason: format!("line {line}, column {column}: {reason}") }
    }
}
