//! Reading the words of a column back into values.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::str::FromStr;

/// A word of a column.
///
/// # Errors
/// When the column is missing or holds another word.
pub(crate) fn word<T>(row: &PgRow, column: &str) -> Result<T, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| bad_column(column, error))
}

/// A word of a column that may be empty.
///
/// # Errors
/// When the column is missing or holds another word.
pub(crate) fn maybe_word<T>(row: &PgRow, column: &str) -> Result<Option<T>, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|error: T::Err| bad_column(column, error))).transpose()
}

/// A column that does not hold what it should.
pub(crate) fn bad_column(
    column: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}
