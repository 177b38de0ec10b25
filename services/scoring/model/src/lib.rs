//! The local model of the advisor: scores that are calibrated, explained and learnt from outcomes.

mod boost;
mod calibration;
mod cold_start;
mod contest;
mod csv_layout;
mod csv_table;
mod encoder;
mod evaluate;
mod exact;
mod lead;
mod linear;
mod mapping;
mod measures;
mod model;
mod naive_bayes;
mod numbers;
mod split;
mod table;
mod tree;

pub use boost::Training;
pub use calibration::{Calibration, OutsideCalibration};
pub use cold_start::{ColdStart, LeadFacts, Reason, cold_start};
pub use contest::{Contest, contest};
pub use csv_layout::CsvError;
pub use csv_table::{Notes, read_csv};
pub use evaluate::{
    Evaluation, EvaluationError, Interval, Intervals, Judged, Method, Options, Split, evaluate,
};
pub use lead::Features;
pub use mapping::{Mapping, MappingError};
pub use measures::{Measures, Reliability, measure};
pub use model::{Explanation, Model, Push, StoredModelError, TrainingError};
pub use naive_bayes::NaiveBayes;
pub use numbers::{log_odds, probability};
pub use split::newest_fifth;
pub use table::{Cells, Column, Row, Table, TableBuilder, Value};
