//! The words by which a lead is found: one spelling for both alphabets, so that "Petrenko" finds
//! "Петренко".

use ael_events::values::Contact;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What somebody typed, in the spelling in which words are kept; nothing if it says too little.
#[must_use]
pub fn normalise(text: &str) -> Option<String> {
    let letters = text.chars().any(char::is_alphabetic);
    // A local number begins with a zero, the international one with the country's code.
    let spelled =
        if letters { spell(text) } else { digits(text).trim_start_matches('0').to_owned() };
    (spelled.chars().count() >= 2).then_some(spelled)
}

/// The words of a contact: name, company, e-mail, Telegram name and phone digits. Begins with a
/// space, so that every word's beginning can be asked for.
#[must_use]
pub fn words_of(contact: &Contact) -> String {
    let texts = [
        contact.full_name.as_ref().map(|name| spell(name.as_str())),
        contact.company.as_ref().map(|company| spell(company.as_str())),
        contact.email.as_ref().map(|email| spell(email.as_str())),
        contact.telegram.as_ref().map(|name| spell(name.as_str())),
        contact.phone.as_ref().map(|phone| digits(phone.as_str())),
    ];
    texts.into_iter().flatten().fold(String::new(), |mut words, text| {
        words.push(' ');
        words.push_str(&text);
        words
    })
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Lower case, Latin letters, no accents, no doubled letters, one letter where spellings differ
/// (y, j → i; g → h; w → v; kh → h); all else but `@ . _ -` becomes a space.
fn spell(text: &str) -> String {
    let text = text.trim().trim_start_matches('@');
    let mut latin = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        match cyrillic(c) {
            Some(letters) => latin.push_str(letters),
            None => latin.extend(std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c))),
        }
    }
    let mut spelled = String::with_capacity(latin.len());
    for c in latin.chars() {
        let c = match c {
            'y' | 'j' => 'i',
            'g' => 'h',
            'w' => 'v',
            '@' | '.' | '_' | '-' => c,
            c if c.is_alphanumeric() => c,
            _ => ' ',
        };
        let last = spelled.chars().last();
        if c == 'h' && last == Some('k') {
            spelled.pop();
            if spelled.ends_with('h') {
                continue;
            }
        }
        if last == Some(c) && (c.is_alphabetic() || c == ' ') {
            continue;
        }
        spelled.push(c);
    }
    spelled.trim().to_owned()
}

/// Ukrainian (by the national romanisation of 2010) and what Russian has besides.
const fn cyrillic(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' | 'х' => "h",
        'д' => "d",
        'е' | 'э' => "e",
        'є' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' | 'й' | 'ы' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ю' => "iu",
        'я' => "ia",
        'ё' => "io",
        'ь' | 'ъ' | '\'' | '’' | 'ʼ' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::values::FullName;

    #[test]
    fn both_alphabets_find_each_other() {
        for (cyrillic, latin) in [
            ("Петренко", "Petrenko"),
            ("Юлія", "Yuliya"),
            ("Сергій", "Sergiy"),
            ("Михайло", "Mykhailo"),
            ("Харків", "Kharkiv"),
            ("В’ячеслав", "Viacheslav"),
            ("Ганна", "Hanna"),
        ] {
            assert_eq!(normalise(cyrillic), normalise(latin), "{cyrillic}");
        }
    }

    #[test]
    fn a_phone_is_found_by_any_part_of_its_digits() {
        let contact =
            Contact { phone: Some("+380671234567".parse().unwrap()), ..Contact::default() };
        let part = normalise("(067) 123-45").unwrap();
        assert!(words_of(&contact).contains(&part));
    }

    #[test]
    fn a_part_of_a_name_is_a_part_of_its_words() {
        let name = FullName::parse("Олена Петренко-Ющенко").unwrap();
        let contact = Contact { full_name: Some(name), ..Contact::default() };
        for part in ["olen", "Петрен", "ЮЩ", "олена петренко"] {
            assert!(words_of(&contact).contains(&normalise(part).unwrap()), "{part}");
        }
        assert!(words_of(&contact).starts_with(' '));
    }

    #[test]
    fn what_says_too_little_finds_nothing() {
        for little in ["", " ", "ь", "?!", "a", "+"] {
            assert_eq!(normalise(little), None, "{little}");
        }
    }
}
