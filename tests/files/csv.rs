//! Commas, quotes and lines as in RFC 4180.

use sapwood::data::{CsvReader, Table, read_csv};
use sapwood::prelude::*;

use super::{Scratch, gzip, refusal};

const FLOWERS: &str = "length,width,count,species\n5.1,3.5,1,setosa\n6.2,-2.9e0,20,virginica\n\n5,3,300,setosa\n";

fn read(reader: &CsvReader, text: &str) -> Table {
    reader.read(Scratch::folder().write("x.csv", text)).unwrap()
}

#[test]
fn columns_are_found_by_name_and_number() {
    let table = read(&CsvReader::new(), FLOWERS);
    assert_eq!((table.len(), table.names()), (3, vec!["length", "width", "count", "species"]));
    let measures = Tensor::from([[5.1, 3.5], [6.2, -2.9], [5.0, 3.0]]);
    assert_eq!(table.columns::<f64>(["length", "width"]).unwrap(), measures);
    assert_eq!(table.columns::<f64>(0..2).unwrap(), measures);
    assert_eq!(table.column::<u16>("count").unwrap(), Tensor::from([1, 20, 300]));
    assert_eq!(table.column::<i64>(2).unwrap(), Tensor::from([1, 20, 300]));
    assert_eq!(table.texts(3).unwrap(), ["setosa", "virginica", "setosa"]);

    let (labels, classes) = table.classes("species").unwrap();
    assert_eq!((labels, &classes[..]), (Tensor::from([0, 1, 0]), &["setosa".to_owned(), "virginica".to_owned()][..]));
    let other = read(&CsvReader::new(), "species\nvirginica\n");
    assert_eq!(other.labels("species", &classes).unwrap(), Tensor::from([1]));
}

#[test]
fn dialects_are_read() {
    let scratch = Scratch::folder();
    // Quotes, a comma and a line's end within them, the line ends of DOS, a byte order mark, white space.
    let text = "\u{feff}a,b\r\n 1 ,\"x, \"\"y\"\"\nz\"\r\n2,w\r\n";
    let table = read_csv(scratch.write("x.csv", text)).unwrap();
    assert_eq!((table.names(), table.texts("b").unwrap()), (vec!["a", "b"], vec!["x, \"y\"\nz", "w"]));
    assert_eq!(table.column::<f32>("a").unwrap(), Tensor::from([1.0, 2.0]));

    let reader = CsvReader::new().no_header().delimiter(b'\t');
    let path = scratch.write("x.tsv", gzip(b"1\ttrue\n2\tfalse\n"));
    let table = reader.read(path).unwrap();
    assert_eq!(table.column::<bool>(1).unwrap(), Tensor::from([true, false]));
    assert!(table.names().is_empty());

    let table = read(&CsvReader::new(), "a,b\n");
    assert!(table.is_empty());
    assert_eq!(table.columns::<f32>(["b", "a"]).unwrap().shape(), [0, 2]);
}

#[test]
fn missing_values_are_what_they_are_said_to_be() {
    let text = "a,b\n1,NA\n,2\n3,4\n";
    let reader = CsvReader::new().missing_marks(["NA", "?"]);
    let scratch = Scratch::folder();
    let path = scratch.write("x.csv", text);
    let table = reader.read(&path).unwrap();
    assert_eq!(refusal(&path, table.column::<f32>("a")), "line 3, column `a`: the value is missing");
    assert_eq!(refusal(&path, table.texts(1)), "line 2, column `b`: the value is missing");
    assert_eq!(refusal(&path, table.classes("b")), "line 2, column `b`: the value is missing");

    let dropped = reader.clone().drop_missing().read(&path).unwrap();
    assert_eq!(dropped.columns::<i64>(0..2).unwrap(), Tensor::from([[3, 4]]));
    let zeros = reader.clone().fill_missing("0").read(&path).unwrap();
    assert_eq!(zeros.columns::<i64>(0..2).unwrap(), Tensor::from([[1, 0], [0, 2], [3, 4]]));
    let nan = reader.fill_missing("NaN").read(&path).unwrap();
    assert_eq!(nan.columns::<f32>(0..2).unwrap().is_nan().to_vec(), [false, true, true, false, false, false]);
    assert_eq!(
        refusal(&path, nan.column::<i64>("a")),
        "line 3, column `a`: `NaN` is not of type i64: invalid digit found in string"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let scratch = Scratch::folder();
    let path = scratch.write("x.csv", "a,b,a\n1,\"two\nlines\",3\n4,five,6\n");
    let table = read_csv(&path).unwrap();
    // The second row begins at line 4.
    let words = "`two\nlines` is not of type f32: invalid float literal";
    assert_eq!(refusal(&path, table.column::<f32>("b")), format!("line 2, column `b`: {words}"));
    let known = ["two\nlines".to_owned()];
    assert_eq!(refusal(&path, table.labels("b", &known)), "line 4, column `b`: `five` is none of [\"two\\nlines\"]");
    assert_eq!(refusal(&path, table.column::<f32>("c")), "there is no column `c` among [\"a\", \"b\", \"a\"]");
    assert_eq!(refusal(&path, table.texts("a")), "several columns are called `a`; take one by its number");
    assert_eq!(refusal(&path, table.texts(3)), "there is no column 3 among 3, counted from 0");

    let path = scratch.write("y.csv", "a,b\n1,2\n3\n");
    assert!(refusal(&path, read_csv(&path)).contains("line: 3"));
    let path = scratch.write("z.csv", b"a\n\xff\n");
    assert!(refusal(&path, read_csv(&path)).contains("invalid UTF-8"));
}
