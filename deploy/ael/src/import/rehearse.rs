//! `--dry-run`: what would become of each row, as far as the file alone can tell: what is
//! malformed, and who is in it twice.

use super::plan::Plan;
use super::rows::{BadRow, Row};
use super::turns::{FirstLines, Key};
use crate::output::Output;
use serde_json::json;

/// So many reasons are told to people; the import's report has them all.
const TOLD: usize = 20;

/// What would become of the rows of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    import: u64,
    skip: u64,
    refuse: u64,
    told: Vec<String>,
}

impl Rehearsal {
    /// Goes through the rows as an import would, without sending anything.
    pub fn of(plan: &Plan, rows: impl Iterator<Item = Result<Row, BadRow>>) -> Self {
        let (mut all, mut lines) = (Self::default(), FirstLines::default());
        for row in rows {
            let Row { line, cells } = match row {
                Ok(row) => row,
                Err(BadRow { line, reason }) => {
                    all.refuse(line, &reason);
                    continue;
                }
            };
            let keys = match plan.arrival(&cells) {
                Ok(arrival) => Key::of(&arrival),
                Err(problem) => {
                    all.refuse(line, &problem.to_string());
                    continue;
                }
            };
            let twin = keys.iter().find_map(|key| Some((key, lines.of(key)?)));
            match twin {
                Some((key @ Key::Lead(_), first)) => {
                    all.skip += 1;
                    all.tell(line, &format!("the same {} as line {first}: skipped", key.name()));
                }
                Some((key @ (Key::Email(_) | Key::Phone(_) | Key::Telegram(_)), first))
                    if !plan.allows_duplicates() =>
                {
                    all.refuse(line, &format!("the same {} as line {first}", key.name()));
                }
                Some(_) | None => {
                    all.import += 1;
                    lines.note(&keys, line);
                }
            }
        }
        all
    }

    fn refuse(&mut self, line: u64, reason: &str) {
        self.refuse += 1;
        self.tell(line, reason);
    }

    fn tell(&mut self, line: u64, what: &str) {
        if self.told.len() < TOLD {
            self.told.push(format!("line {line}: {what}"));
        }
    }

    /// Says it.
    pub fn answer(&self, out: Output) -> anyhow::Result<()> {
        let Self { import, skip, refuse, told } = self;
        let answer = json!({
            "dry_run": true, "would_import": import, "would_skip": skip, "would_refuse": refuse
        });
        out.answer(&answer, |out| {
            told.iter().try_for_each(|line| out.say(line))?;
            let more = (skip + refuse).saturating_sub(told.len() as u64);
            if more > 0 {
                out.say(format!("… and {more} more"))?;
            }
            out.say(format!("rows to be imported: {import}, skipped: {skip}, refused: {refuse}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::mapping::Mapping;
    use crate::import::plan::testing::destination;
    use crate::import::rows::Rows;

    const MAPPING: &str = "origin = 'sheet'\nexternal_id = 'id'\nsource = { default = 'manual' }\n\
                           [lead]\nfull_name = 'name'\nphone = 'phone'\nemail = 'mail'\n";

    fn rehearsed(mapping: &str, file: &str) -> Rehearsal {
        let mut rows = Rows::new(file.as_bytes(), b',').unwrap();
        let mapping = Mapping::parse(mapping).unwrap();
        let plan = Plan::new(&mapping, rows.header(), destination()).unwrap();
        Rehearsal::of(&plan, &mut rows)
    }

    const FILE: &str = "id,name,phone,mail\n\
                        1,Olena,067 123 45 67,\n\
                        2,Olena P.,+380671234567,olena@example.com\n\
                        1,Olena again,,\n\
                        3,Taras,,olena@example.com\n\
                        4,Ivan,,no address\n";

    #[test]
    fn who_is_in_the_file_twice_is_found_and_the_first_line_wins() {
        let found = rehearsed(MAPPING, FILE);
        // Line 3 is refused, so its e-mail address is still free for line 5.
        assert_eq!((found.import, found.skip, found.refuse), (2, 1, 2));
        assert_eq!(found.told[0], "line 3: the same phone as line 2");
        assert_eq!(found.told[1], "line 4: the same external id as line 2: skipped");
        assert!(found.told[2].starts_with("line 6: e-mail"), "{:?}", found.told);
    }

    #[test]
    fn a_mapping_that_allows_duplicates_refuses_none() {
        let allowing = format!("allow_duplicates = true\n{MAPPING}");
        let found = rehearsed(&allowing, FILE);
        assert_eq!((found.import, found.skip, found.refuse), (3, 1, 1));
    }
}
