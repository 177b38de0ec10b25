//! Amounts of money as people write them.

use super::money::{Currency, Money};

/// Why a text is no amount.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    /// It is something else.
    #[error("not an amount, such as 1250.50")]
    NotOne,
    /// Its one mark may stand before a fraction or between thousands.
    #[error("ambiguous: write {0}")]
    Ambiguous(String),
}

/// Reads an amount in major units as people write it: `1 250,50`, `1,250.50`, `1250`. Three digits
/// behind the only mark are thousands or a fraction, nobody knows which: that is refused.
///
/// # Errors
/// [`BadAmount`] says what is wrong with it.
pub fn amount(text: &str, currency: Currency) -> Result<Money, BadAmount> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    let digits = usize::from(currency.exponent());
    let marks: Vec<(usize, char)> =
        text.char_indices().filter(|(_, c)| matches!(c, '.' | ',')).collect();
    let (whole, fraction) = match marks.last() {
        None => (text.as_str(), ""),
        Some((at, mark)) => {
            let (whole, rest) = (&text[..*at], &text[at + 1..]);
            let times = marks.iter().filter(|(_, other)| other == mark).count();
            if times == 1 && (1..=digits).contains(&rest.len()) {
                (whole, rest)
            } else if marks.len() == 1 && rest.len() == 3 {
                return Err(ambiguous(whole, rest, digits));
            } else if marks.len() > 1 && times == marks.len() {
                (text.as_str(), "")
            } else {
                return Err(BadAmount::NotOne);
            }
        }
    };
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let grouped = groups.len() == 1
        || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = groups.concat();
    if groups[0].is_empty() || !grouped || !is_number(&number) || !is_number(fraction) {
        return Err(BadAmount::NotOne);
    }
    let minor = format!("{number}{fraction:0<digits$}").parse().map_err(|_| BadAmount::NotOne)?;
    Money::new(minor, currency).map_err(|_| BadAmount::NotOne)
}

fn ambiguous(whole: &str, rest: &str, digits: usize) -> BadAmount {
    let Ok(thousandths) = format!("{whole}{rest}").parse::<u32>() else {
        return BadAmount::NotOne;
    };
    let cents = thousandths.saturating_add(5) / 10;
    BadAmount::Ambiguous(if digits == 2 {
        format!("{thousandths} or {}.{:02}", cents / 100, cents % 100)
    } else {
        thousandths.to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_however_people_group_it() {
        let uah: Currency = "UAH".parse().unwrap();
        let minor = |text| amount(text, uah).ok().map(Money::amount_minor);
        assert_eq!(minor("1250"), Some(125_000));
        assert_eq!(minor("1 250,50"), Some(125_050));
        assert_eq!(minor("1,250.5"), Some(125_050));
        assert_eq!(minor("1,234.56"), Some(123_456));
        assert_eq!(minor("1 234,56"), Some(123_456));
        assert_eq!(minor("1.234.567"), Some(123_456_700));
        for unclear in ["123.456", "1,250", "1 234,567"] {
            let refused = amount(unclear, uah);
            assert!(matches!(refused, Err(BadAmount::Ambiguous(_))), "{unclear}");
        }
        assert_eq!((minor("12.3456"), minor("1,234.567"), minor("1.2.3")), (None, None, None));
        assert_eq!(minor("12,5"), Some(1_250));
        assert_eq!(minor("-5"), None);
        assert_eq!(minor("much"), None);
        let yen = amount("500", "JPY".parse().unwrap());
        assert_eq!(yen.map(Money::amount_minor), Ok(500));
    }
}
