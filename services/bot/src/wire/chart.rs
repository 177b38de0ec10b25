//! Pictures of numbers: bars with their values on a card of its own colour, readable on a phone
//! whether it is light or dark around.

use crate::out::{Bar, Block, Chart};
use plotters::drawing::IntoDrawingArea as _;
use plotters::prelude::{
    BitMapBackend, DrawingArea, FontStyle, IntoFont as _, RGBColor, Rectangle, Text, TextStyle,
};
use plotters::style::{
    Color as _, register_font, text_anchor::HPos, text_anchor::Pos, text_anchor::VPos,
};
use std::sync::OnceLock;

/// Latin, Cyrillic, punctuation and currencies of DejaVu Sans; its licence stands beside it.
const FONT: &[u8] = include_bytes!("../../fonts/DejaVuSans-subset.ttf");
const FAMILY: &str = "DejaVu Sans";

const WIDTH: i32 = 1_000;
const MARGIN: i32 = 44;
const TITLE: i32 = 50;
const HEADING: i32 = 38;
const TEXT: i32 = 36;
/// From one bar to the next: its words above, the bar below them.
const ROW: i32 = 106;
const BAR: i32 = 28;
/// The most that is drawn: Telegram refuses pictures that are much higher than wide.
const MOST_BARS: usize = 40;

const CARD: RGBColor = RGBColor(31, 41, 55);
const BRIGHT: RGBColor = RGBColor(243, 244, 246);
const QUIET: RGBColor = RGBColor(156, 163, 175);
const EMPTY: RGBColor = RGBColor(55, 65, 81);
/// Of each block another one.
const COLOURS: [RGBColor; 4] = [
    RGBColor(96, 165, 250),
    RGBColor(52, 211, 153),
    RGBColor(251, 191, 36),
    RGBColor(244, 114, 182),
];

/// A picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart could not be drawn: {0}")]
pub(crate) struct Undrawn(String);

type Card<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;

fn undrawn(error: impl std::fmt::Display) -> Undrawn {
    Undrawn(error.to_string())
}

/// A PNG of it.
pub(crate) fn draw(chart: &Chart) -> Result<Vec<u8>, Undrawn> {
    static HAS_FONT: OnceLock<bool> = OnceLock::new();
    let has_font = HAS_FONT.get_or_init(|| register_font(FAMILY, FontStyle::Normal, FONT).is_ok());
    if !has_font {
        return Err(Undrawn("its font cannot be read".to_owned()));
    }
    let height = height(chart);
    let (wide, high) = (to_u32(WIDTH), to_u32(height));
    let mut pixels = vec![0; usize::try_from(wide * high * 3).map_err(undrawn)?];
    {
        let card = BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area();
        card.fill(&CARD).map_err(undrawn)?;
        paint(&card, chart)?;
        card.present().map_err(undrawn)?;
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, wide, high);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Best);
    let mut writer = encoder.write_header().map_err(undrawn)?;
    writer.write_image_data(&pixels).map_err(undrawn)?;
    writer.finish().map_err(undrawn)?;
    Ok(file)
}

fn bars(chart: &Chart) -> impl Iterator<Item = (&Block, &[Bar])> {
    let mut left = MOST_BARS;
    chart.blocks.iter().map(move |block| {
        let shown = block.bars.len().min(left);
        left -= shown;
        (block, &block.bars[..shown])
    })
}

fn height(chart: &Chart) -> i32 {
    let blocks = bars(chart).map(|(_, bars)| {
        let rows = i32::try_from(bars.len()).unwrap_or(0);
        HEADING + 40 + rows * ROW
    });
    MARGIN + TITLE + 20 + blocks.sum::<i32>() + MARGIN
}

fn paint(card: &Card<'_>, chart: &Chart) -> Result<(), Undrawn> {
    let inner = WIDTH - 2 * MARGIN;
    let mut y = MARGIN;
    write(card, (MARGIN, y), (TITLE, BRIGHT, HPos::Left), &fitting(&chart.title, TITLE, inner)?)?;
    y += TITLE + 20;
    for ((block, bars), colour) in bars(chart).zip(COLOURS.iter().cycle()) {
        y += 24;
        let heading = fitting(&block.heading, HEADING, inner)?;
        write(card, (MARGIN, y), (HEADING, QUIET, HPos::Left), &heading)?;
        y += HEADING + 16;
        let longest = bars.iter().map(|bar| bar.value).filter(|one| one.is_finite());
        let longest = longest.fold(0.0_f64, f64::max);
        for bar in bars {
            paint_bar(card, y, bar, longest, *colour)?;
            y += ROW;
        }
    }
    Ok(())
}

fn paint_bar(
    card: &Card<'_>,
    y: i32,
    bar: &Bar,
    longest: f64,
    colour: RGBColor,
) -> Result<(), Undrawn> {
    let inner = WIDTH - 2 * MARGIN;
    let right = WIDTH - MARGIN;
    let shown = fitting(&bar.shown, TEXT, inner / 2)?;
    let room = inner - width(&shown, TEXT)? - 24;
    write(card, (MARGIN, y), (TEXT, BRIGHT, HPos::Left), &fitting(&bar.name, TEXT, room)?)?;
    write(card, (right, y), (TEXT, BRIGHT, HPos::Right), &shown)?;
    let top = y + TEXT + 8;
    let part = if longest > 0.0 && bar.value.is_finite() {
        (bar.value / longest).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let box_of = |to: i32, colour: RGBColor| {
        Rectangle::new([(MARGIN, top), (to, top + BAR)], colour.filled())
    };
    card.draw(&box_of(right, EMPTY)).map_err(undrawn)?;
    let long = scaled(inner, part);
    if long > 0 {
        card.draw(&box_of(MARGIN + long, colour)).map_err(undrawn)?;
    }
    Ok(())
}

fn write(
    card: &Card<'_>,
    at: (i32, i32),
    (size, colour, side): (i32, RGBColor, HPos),
    text: &str,
) -> Result<(), Undrawn> {
    let style: TextStyle<'_> = (FAMILY, size).into_font().color(&colour);
    let style = style.pos(Pos::new(side, VPos::Top));
    card.draw(&Text::new(text.to_owned(), at, style)).map_err(undrawn)
}

fn width(text: &str, size: i32) -> Result<i32, Undrawn> {
    let (wide, _) = (FAMILY, size).into_font().box_size(text).map_err(undrawn)?;
    i32::try_from(wide).map_err(undrawn)
}

/// The text without what the font does not have, cut where it is longer than there is room.
fn fitting(text: &str, size: i32, room: i32) -> Result<String, Undrawn> {
    let mut text: String = text.chars().filter(|one| is_drawable(*one)).collect();
    text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if width(&text, size)? <= room {
        return Ok(text);
    }
    while !text.is_empty() && width(&format!("{text}…"), size)? > room {
        text.pop();
    }
    Ok(format!("{}…", text.trim_end()))
}

/// What stands in the font; emoji do not.
const fn is_drawable(one: char) -> bool {
    matches!(one, ' '..='~' | '\u{a0}'..='\u{17f}' | '\u{400}'..='\u{45f}' | 'Ґ' | 'ґ'
        | '\u{2010}'..='\u{2027}' | '‰' | '‹' | '›' | '€' | '₴' | '₽' | '№' | '←'..='↓' | '−'
        | '≈' | '≤' | '≥')
}

fn to_u32(pixels: i32) -> u32 {
    u32::try_from(pixels).unwrap_or(0)
}

/// So much of a length, in whole pixels.
fn scaled(whole: i32, part: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a part of 0 to 1 of a small number")]
    let pixels = (f64::from(whole) * part).round() as i32;
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, value: f64) -> Bar {
        Bar { name: name.to_owned(), value, shown: format!("{value} ₴") }
    }

    fn chart(bars: Vec<Bar>) -> Chart {
        let block = Block { heading: "Воронка".into(), bars };
        Chart {
            title: "Продажі за листопад".into(), blocks: vec![block.clone(), block]
        }
    }

    /// The size and the pixels of a PNG.
    fn seen(file: &[u8]) -> ((u32, u32), Vec<u8>) {
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).unwrap();
        ((info.width, info.height), pixels)
    }

    fn count(pixels: &[u8], RGBColor(red, green, blue): RGBColor) -> usize {
        pixels.chunks(3).filter(|pixel| **pixel == [red, green, blue]).count()
    }

    #[test]
    fn bars_are_as_long_as_their_values_and_words_are_written() {
        let file = draw(&chart(vec![bar("Нові", 40.0), bar("Угоди", 10.0)])).unwrap();
        let ((wide, _), pixels) = seen(&file);
        assert_eq!(wide, 1_000);
        let inner = usize::try_from((WIDTH - 2 * MARGIN) * BAR).unwrap();
        let painted = count(&pixels, COLOURS[0]);
        assert!(painted.abs_diff(inner * 5 / 4) < inner / 50, "{painted} of {inner}");
        assert!(count(&pixels, BRIGHT) > 2_000, "there are words");
        assert!(file.len() < 60_000, "{}", file.len());
    }

    #[test]
    fn nothing_is_too_much_or_too_strange_to_be_drawn() {
        let long = "Дуже довга назва 🚀 ".repeat(40);
        for bars in [
            vec![],
            vec![bar("нічого", 0.0)],
            vec![bar(&long, f64::NAN), bar("🚀", f64::INFINITY), bar("-1", -1.0)],
            vec![bar("x", f64::MAX); 200],
        ] {
            let ((wide, high), _) = seen(&draw(&chart(bars)).unwrap());
            assert!(wide + high < 10_000 && high <= wide * 5, "Telegram takes no {wide} x {high}");
        }
    }

    #[test]
    fn what_the_font_has_not_is_left_out_and_what_is_too_long_is_cut() {
        draw(&chart(vec![])).unwrap();
        assert_eq!(fitting("🔥 Їжак  ґава", TEXT, 900).unwrap(), "Їжак ґава");
        let cut = fitting(&"довго ".repeat(100), TEXT, 300).unwrap();
        assert!(cut.ends_with('…') && width(&cut, TEXT).unwrap() <= 300);
    }
}
