//! Amounts as people type them: `12 500,50` in the workspace's currency, or `99 EUR`.

use ael_events::values::{Currency, Money, amount};

/// Reads an amount; nothing, when it is none or could be two.
pub(crate) fn read(text: &str, usual: Currency) -> Option<Money> {
    let text = text.trim();
    let letters = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (number, code) = text.split_at(letters);
    let currency = if code.is_empty() { usual } else { code.parse().ok()? };
    let number = number.trim_end_matches(['₴', '$', '€', ' ']);
    amount(number, currency).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_with_and_without_its_currency() {
        let uah: Currency = "UAH".parse().unwrap();
        let shown = |text| read(text, uah).map(|money| money.to_string());
        assert_eq!(shown("12 500,50").as_deref(), Some("12500.50 UAH"));
        assert_eq!(shown(" 99 eur ").as_deref(), Some("99.00 EUR"));
        assert_eq!(shown("1250 ₴").as_deref(), Some("1250.00 UAH"));
        for none in ["", "much", "-5", "1,250", "5 XYZ", "UAH"] {
            assert_eq!(shown(none), None, "{none}");
        }
    }
}
