//! Cells of Arrow arrays as JSON values.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::DataType;
use serde_json::{Map, Number, Value};

use crate::error::{Fault, FaultKind};

const DEEPEST: usize = 64;

/// The row `at` of a table as an object, nulls included.
///
/// # Errors
/// A type that has no JSON counterpart, NaN or an infinity, bytes that are no UTF-8.
pub fn object(
    names: &[String],
    columns: &[ArrayRef],
    at: usize,
) -> Result<Map<String, Value>, Fault> {
    let mut object = Map::with_capacity(names.len());
    for (name, column) in names.iter().zip(columns) {
        object.insert(name.clone(), cell(name, column, at, 0)?);
    }
    Ok(object)
}

/// The cell `at` of the column `name`.
fn cell(name: &str, array: &dyn Array, at: usize, depth: usize) -> Result<Value, Fault> {
    if array.is_null(at) {
        return Ok(Value::Null);
    }
    if depth > DEEPEST {
        return Err(Fault::at(FaultKind::TooDeep, name, "", "is nested too deep"));
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(at)),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(at).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(at).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(at).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(at).into(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(at).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(at).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(at).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(at).into(),
        DataType::Float32 => float(name, array.as_primitive::<Float32Type>().value(at).into())?,
        DataType::Float64 => float(name, array.as_primitive::<Float64Type>().value(at))?,
        DataType::Utf8 => array.as_string::<i32>().value(at).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(at).into(),
        DataType::Utf8View => array.as_string_view().value(at).into(),
        DataType::Binary => bytes(name, array.as_binary::<i32>().value(at))?,
        DataType::LargeBinary => bytes(name, array.as_binary::<i64>().value(at))?,
        DataType::BinaryView => bytes(name, array.as_binary_view().value(at))?,
        DataType::List(_) => list(name, &array.as_list::<i32>().value(at), depth)?,
        DataType::LargeList(_) => list(name, &array.as_list::<i64>().value(at), depth)?,
        DataType::FixedSizeList(..) => list(name, &array.as_fixed_size_list().value(at), depth)?,
        DataType::Struct(_) => fields(name, array.as_struct(), at, depth)?,
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys().get(at).copied().unwrap_or_default();
            cell(name, dictionary.values(), key, depth + 1)?
        }
        other => {
            let problem = format!("has the type {other}, which JSON cannot hold");
            return Err(Fault::at(FaultKind::WrongType, name, "", problem));
        }
    })
}

fn float(name: &str, value: f64) -> Result<Value, Fault> {
    Number::from_f64(value).map(Value::Number).ok_or_else(|| {
        Fault::at(FaultKind::NotFinite, name, &value.to_string(), "is no finite number")
    })
}

fn bytes(name: &str, value: &[u8]) -> Result<Value, Fault> {
    std::str::from_utf8(value).map(Value::from).map_err(|e| {
        let problem = format!("no UTF-8 at byte {}", e.valid_up_to());
        Fault::at(FaultKind::NotUtf8, name, "", problem)
    })
}

fn list(name: &str, items: &dyn Array, depth: usize) -> Result<Value, Fault> {
    (0..items.len()).map(|at| cell(name, items, at, depth + 1)).collect()
}

fn fields(name: &str, array: &StructArray, at: usize, depth: usize) -> Result<Value, Fault> {
    let mut object = Map::with_capacity(array.num_columns());
    for (field, column) in array.column_names().into_iter().zip(array.columns()) {
        let value = cell(name, column, at, depth + 1)?;
        object.insert(field.to_owned(), value);
    }
    Ok(Value::Object(object))
}
