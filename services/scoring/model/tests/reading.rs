//! Other people's tables: what is understood, and what is told by line when it is not.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use ael_scoring_model::{Cells, Mapping, Notes, Table, Value, read_csv};
use proptest::collection::vec;
use proptest::prelude::*;

fn read(csv: &str, mapping: &str) -> Result<(Table, Notes), String> {
    let mapping = Mapping::parse(mapping).map_err(|error| error.to_string())?;
    read_csv(csv.as_bytes(), &mapping, Some("won")).map_err(|error| error.to_string())
}

fn refused(csv: &str, mapping: &str) -> String {
    read(csv, mapping).map(drop).unwrap_err()
}

#[test]
fn columns_of_numbers_are_numbers_unless_said_otherwise() {
    let csv = "won,visits,zip,city\n1,3,01067,Kyiv\n0,,04109,\n0,2.5,01067,?\n";
    let (table, _) = read(csv, "categorical = ['zip']").unwrap();
    let row = |at| table.row(at).0.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    assert_eq!(row(0), [Value::Number(3.0), Value::word("01067"), Value::word("Kyiv")]);
    assert_eq!(row(1), [Value::Missing, Value::word("04109"), Value::Missing]);
    assert_eq!(row(2), [Value::Number(2.5), Value::word("01067"), Value::Missing]);
    assert_eq!(table.won(), [true, false, false]);
}

#[test]
fn the_outcome_and_what_is_left_out_are_no_features() {
    let csv = "won,reason,when,x\nyes,paid,2024-01-02,1\nno,gone,2024-01-01,2\n";
    let mapping = "leave_out = ['reason']\ntime = { column = 'when' }";
    let (table, _) = read(csv, mapping).unwrap();
    let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["x"]);
    let times = table.times().unwrap();
    assert_eq!(times[0] - times[1], 86_400.0);
    // Another label by word of mouth does not make a feature of the mapping's.
    let mapping = Mapping::parse("label = 'other'").unwrap();
    let csv = "won,other,x\n1,0,3\n";
    let (table, _) = read_csv(csv.as_bytes(), &mapping, Some("won")).unwrap();
    assert_eq!((table.columns().len(), table.won()), (1, &[true][..]));
}

#[test]
fn words_for_nothing_are_nothing_except_in_the_label() {
    let csv = "won,job\n0,Select\n1,SELECT\n1,none of these\n";
    let (table, _) = read(csv, "missing = ['select', '0']").unwrap();
    let Cells::Words { words, .. } = &table.columns()[0].cells else { panic!("no words") };
    assert_eq!(words, &["none of these"]);
    assert_eq!(table.won(), [false, true, true]);
}

#[test]
fn which_words_mean_won_is_said_once_and_others_are_lost_or_undecided() {
    let csv = "won,x\nClosed Won,1\nClosed Lost,2\nOpen,3\n";
    let (table, notes) = read(csv, "won = ['closed won']").unwrap();
    assert_eq!((table.won(), notes.undecided), (&[true, false, false][..], 0));
    let (table, notes) = read(csv, "won = ['Closed Won']\nlost = ['Closed Lost']").unwrap();
    assert_eq!((table.won(), notes.undecided), (&[true, false][..], 1));
    let unclear = refused(csv, "");
    assert!(unclear.starts_with("line 2: \"Closed Won\" in the label column \"won\""), "{unclear}");
    let empty = refused("won,x\n1,1\n,2\n", "won = ['1']");
    assert_eq!(empty, "line 3: the label column \"won\" is empty");
}

#[test]
fn what_separates_cells_is_seen_in_the_header() {
    for separator in [",", ";", "\t", "|"] {
        let csv = "\u{feff}won,x\n1,\"a;b|c\"\n".replace(',', separator);
        let (table, _) = read(&csv, "").unwrap();
        assert_eq!(table.row(0).0[0].1, Value::word("a;b|c"), "{separator:?}");
    }
    let (table, _) = read("won x\n1 2\n", "delimiter = ' '").unwrap();
    assert_eq!(table.columns().len(), 1);
}

#[test]
fn running_numbers_are_left_out_and_said_unless_declared() {
    let mut csv = "won,Lead ID,income\n".to_owned();
    for at in 0..30 {
        csv.push_str(&format!("{},{},{}\n", at % 2, 1_000 + at, 7 * at));
    }
    let (table, notes) = read(&csv, "").unwrap();
    assert_eq!((table.columns().len(), notes.ids), (1, vec!["Lead ID".to_owned()]));
    let (table, notes) = read(&csv, "numeric = ['Lead ID']").unwrap();
    assert_eq!((table.columns().len(), notes.ids), (2, vec![]));
}

#[test]
fn what_is_wrong_is_told_by_line() {
    let cases = [
        ("", "", "the table has no rows"),
        ("won,x\n", "", "the table has no rows"),
        ("won,x,x\n1,2,3\n", "", "line 1: two columns are named \"x\""),
        ("won,x\n1,2\n1,2,3\n", "", "line 3: 3 cells, and the header has 2"),
        (
            "won,x\n1,2\n0,many\n",
            "numeric = ['x']",
            "line 3: \"many\" in column \"x\" is not a number",
        ),
        (
            "won,t\n1,soon\n",
            "time = { column = 't' }",
            "line 2: \"soon\" in column \"t\" is not a moment",
        ),
        ("won,x\n1,2\n", "numeric = ['y']", "line 1: there is no column \"y\", which the mapping"),
        ("won,x\n1,2\n", "leave_out = ['X']", "under `leave_out` (there is \"x\")"),
        (
            "won,x\n1,-2\n",
            "lead = { message_count = 'x' }",
            "\"-2\" in column \"x\" is not a number of",
        ),
        ("x\n1\n", "", "there is no column \"won\""),
    ];
    for (csv, mapping, expected) in cases {
        let error = refused(csv, mapping);
        assert!(error.contains(expected), "{csv:?} with {mapping:?}: {error}");
    }
    let mapping = Mapping::default();
    let broken = read_csv(&b"won,x\n1,\xff\xfe\n"[..], &mapping, Some("won")).unwrap_err();
    assert_eq!(broken.to_string(), "line 2: the text is not UTF-8");
    let silent = read_csv(&b"won\n1\n"[..], &mapping, None).unwrap_err();
    assert_eq!(silent.to_string(), "it is not said which column tells how a lead ended");
}

#[test]
fn a_mapping_that_contradicts_itself_is_refused() {
    let cases = [
        ("numbers = ['x']", "unknown field `numbers`"),
        ("numeric = ['x']\nleave_out = ['x']", "column \"x\" stands under both"),
        ("label = 'x'\ncategorical = ['x']", "column \"x\" stands under both"),
        ("won = ['a']\nlost = ['a']", "the word \"a\" stands under both"),
        ("delimiter = 'é'", "`delimiter` has to be"),
        ("[lead.source]\ncolumn='x'\notherwise='nobody'", "unknown variant `nobody`"),
    ];
    for (mapping, expected) in cases {
        let error = Mapping::parse(mapping).unwrap_err().to_string();
        assert!(error.contains(expected), "{mapping:?}: {error}");
    }
}

#[test]
fn the_fields_of_a_lead_give_its_points() {
    let csv = "won,from,visits,mail,tel,step\n1,Referral,12,a@b,,qualified\n0,Google,,,,open\n";
    let mapping = "
        [lead]
        message_count = 'visits'
        email = 'mail'
        phone = 'tel'
        source = { column = 'from', map = { referral = 'partner' }, otherwise = 'scanner' }
        stage = { column = 'step', otherwise = 'new' }
    ";
    let (table, _) = read(csv, mapping).unwrap();
    assert_eq!(table.points(), Some(&[0.82, 0.2][..]));
}

#[test]
fn every_mapping_that_we_ship_is_understood() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../deploy/datasets");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mapping = Mapping::parse(&text).unwrap();
        // What was filled in after the outcome must not come back by a slip.
        for late in ["Tags", "Lead Quality", "Lead Profile", "Last Activity"] {
            assert!(mapping.leave_out.contains(late), "{late}");
        }
        seen += 1;
    }
    assert_eq!(seen, 2);
}

proptest! {
    #[test]
    fn whatever_bytes_come_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        let mut csv = b"won,a,b\n".to_vec();
        csv.extend(bytes);
        let _ = read_csv(csv.as_slice(), &Mapping::default(), Some("won"));
    }

    #[test]
    fn cells_come_back_as_they_were(words in vec("[ -~]{0,12}", 1..30)) {
        let mut csv = "won,w\n".to_owned();
        for word in &words {
            csv.push_str(&format!("1,\"{}\"\n", word.replace('"', "\"\"")));
        }
        let (table, _) = read(&csv, "categorical = ['w']\ndelimiter = ','").unwrap();
        for (at, word) in words.iter().enumerate() {
            let nothing = ["", "na", "n/a", "nan", "null", "?"];
            let word = word.trim();
            let expected = match nothing.contains(&word.to_lowercase().as_str()) {
                true => Value::Missing,
                false => Value::word(word.to_owned()),
            };
            prop_assert_eq!(&table.row(at).0[0].1, &expected);
        }
    }
}
