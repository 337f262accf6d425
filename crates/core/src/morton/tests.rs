use serde_json::Value;

use super::*;

fn order(k: u8) -> Order {
    Order::new(k).unwrap()
}

fn word(bits: u64) -> Word {
    Word::from_bits(bits).unwrap()
}

/// A generator of well-mixed numbers (Steele, Lea and Flood's SplitMix64).
fn mix(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn known_words_have_their_known_decimals() {
    for (decimal, bits) in [
        ("1", 0x1000_0000_0000_0000),
        ("1121311213", 1_234_065_462_736_715_785),
        ("-31123", 10_403_315_139_225_845_764),
        ("-3114111", 10_430_336_736_990_068_742),
    ] {
        assert_eq!(decimal.parse(), Ok(word(bits)));
        assert_eq!(word(bits).to_string(), decimal);
    }
}

#[test]
fn every_form_of_a_cell_comes_back_at_every_order() {
    let mut seed = 1;
    for k in 0..=29 {
        for _ in 0..2000 {
            let nested = mix(&mut seed) % order(k).cells();
            let cell = Word::from_nested(nested, order(k)).unwrap();
            assert_eq!((cell.nested(), cell.order(), cell.is_point()), (nested, order(k), false));
            assert_eq!(Word::from_bits(cell.bits()), Ok(cell));
            assert_eq!(cell.to_string().parse(), Ok(cell));
            let coarser = order((mix(&mut seed) % (u64::from(k) + 1)) as u8);
            assert_eq!(cell.clip(coarser).nested(), nested >> (2 * (k - coarser.get())));
            assert_eq!(cell.parent().map(Word::order), k.checked_sub(1).map(order));
        }
    }
}

#[test]
fn points_are_not_cells_and_clip_to_cells() {
    let mut seed = 2;
    for _ in 0..5000 {
        let nested = mix(&mut seed) % Order::MAX.cells();
        let point = Word::point(nested).unwrap();
        let cell = Word::from_nested(nested, Order::MAX).unwrap();
        assert!(point.is_point() && point != cell);
        assert_eq!((point.nested(), point.order()), (nested, Order::MAX));
        assert_eq!(point.to_string(), format!("{cell}p"));
        assert_eq!(point.to_string().parse(), Ok(point));
        assert_eq!(point.clip(Order::MAX), point);
        for k in [0, 1, 12, 27, 28] {
            assert_eq!(point.clip(order(k)), cell.clip(order(k)));
            assert_eq!(point.clip(order(k)).nested(), nested >> (2 * (29 - k)));
        }
    }
}

#[test]
fn numbers_that_are_not_words_are_refused() {
    assert_eq!(Word::from_bits(0), Err(WordError::BaseCell { word: 0, field: 0 }));
    for field in [13, 14, 15] {
        let word = u64::from(field) << 60;
        assert_eq!(Word::from_bits(word), Err(WordError::BaseCell { word, field }));
    }
    // A digit below the order; the same digits at a finer order are a cell.
    let stray = 0x1000_0000_0000_0000 | (1 << 40) | 6;
    assert_eq!(Word::from_bits(stray), Err(WordError::DigitsBelowOrder { word: stray, order: order(6) }));
    assert!(Word::from_bits(stray - 6 + 10).is_ok());
    let nested = order(3).cells();
    assert_eq!(Word::from_nested(nested, order(3)), Err(WordError::NestedTooLarge { nested, order: order(3) }));
    assert!(Word::point(Order::MAX.cells()).is_err());
    assert!(Word::from_nested(u64::MAX, Order::MAX).is_err());
}

#[test]
fn words_sort_in_z_order_parents_first() {
    let parent: Word = "-3114".parse().unwrap();
    let children: Vec<Word> = parent.children(order(5)).collect();
    assert_eq!(children.len(), 16);
    assert!(children.is_sorted() && parent < children[0]);
    assert_eq!(children[0].to_string(), "-311411");
    assert_eq!(children[15].to_string(), "-311444");
    assert_eq!(parent.children(order(3)).collect::<Vec<_>>(), [parent]);
    assert_eq!(parent.children(order(2)).count(), 0);
}

#[test]
fn words_without_a_common_ancestor_say_so() {
    assert_eq!(Word::common_ancestor([]), Err(WordError::NoWords));
    let words = ["1", "2"].map(|text| text.parse::<Word>().unwrap());
    assert_eq!(Word::common_ancestor(words), Err(WordError::NoCommonAncestor));
}

#[test]
fn a_text_of_many_digits_is_too_fine() {
    let text = "1".repeat(31);
    assert_eq!(text.parse::<Word>(), Err(ParseWordError::TooFine { text: text.clone(), order: 30 }));
    assert!(matches!("1é".parse::<Word>(), Err(ParseWordError::Malformed { .. })));
    assert!(matches!("--1".parse::<Word>(), Err(ParseWordError::Malformed { .. })));
    assert!(matches!("p".parse::<Word>(), Err(ParseWordError::Malformed { .. })));
}

fn hierarchy() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/golden/morton/hierarchy.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn rows<'a>(golden: &'a Value, key: &str) -> &'a Vec<Value> {
    let rows = golden[key].as_array().unwrap();
    assert!(!rows.is_empty(), "{key} is empty");
    rows
}

fn bits(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
#[ignore = "needs ../shared"]
fn words_agree_with_the_golden_hierarchy() {
    let golden = hierarchy();
    for row in rows(&golden, "base_cells") {
        let cell = Word::from_nested(bits(&row["base"]), order(0)).unwrap();
        assert_eq!((cell.bits(), cell.to_string().as_str()), (bits(&row["word"]), text(&row["decimal"])));
    }
    for row in rows(&golden, "suffix_table_base0") {
        let cell = Word::from_nested(bits(&row["nested"]), order(bits(&row["order"]) as u8)).unwrap();
        assert_eq!((cell.bits(), cell.bits() & SUFFIX), (bits(&row["word"]), bits(&row["suffix"])));
        assert_eq!(cell.to_string(), text(&row["decimal"]));
    }
    for row in rows(&golden, "order29_suffix") {
        let cell = Word::from_nested(bits(&row["nested"]), Order::MAX).unwrap();
        assert_eq!((cell.bits(), cell.to_string().as_str()), (bits(&row["area"]), text(&row["decimal"])));
    }
}

#[test]
#[ignore = "needs ../shared"]
fn children_and_clipping_agree_with_the_golden_hierarchy() {
    let golden = hierarchy();
    for row in rows(&golden, "children") {
        let parent = word(bits(&row["parent"]));
        assert_eq!(parent.to_string(), text(&row["parent_decimal"]));
        let (mut count, mut sum, mut first, mut last) = (0_u64, 0_u64, None, None);
        for child in parent.children(order(bits(&row["target_order"]) as u8)) {
            (count, sum, last) = (count + 1, sum.wrapping_add(child.bits()), Some(child));
            first = first.or(last);
        }
        assert_eq!((count, sum), (bits(&row["count"]), bits(&row["sum_mod_2_64"])));
        assert_eq!(first.map(Word::bits), row["first"].as_u64());
        assert_eq!(last.map(|word| word.to_string()).as_deref(), row["last_decimal"].as_str());
    }
    for row in rows(&golden, "clip2order") {
        let point = word(bits(&row["point"]));
        assert!(point.is_point());
        assert_eq!(point.to_string(), text(&row["point_decimal"]));
        for k in [0, 1, 5, 6, 9, 11, 12, 18, 19, 27, 28] {
            assert_eq!(point.clip(order(k)).bits(), bits(&row[format!("o{k}")]));
        }
        assert_eq!(point.clip(Order::MAX).bits(), bits(&row["o29_unchanged"]));
    }
    let finer = &golden["clip2order_finer_is_noop"];
    assert_eq!(word(bits(&finer["word_o6"])).clip(order(12)).bits(), bits(&finer["clip_to_12"]));
}

#[test]
#[ignore = "needs ../shared"]
fn decimals_parse_or_fail_as_in_the_golden_hierarchy() {
    let golden = hierarchy();
    for row in rows(&golden, "decimal_parse") {
        assert_eq!(text(&row["s"]).parse::<Word>().map(Word::bits), Ok(bits(&row["word"])));
    }
    for row in rows(&golden, "decimal_parse_errors") {
        let (given, message) = (text(&row["s"]), text(&row["error"]));
        let error = given.parse::<Word>().unwrap_err();
        let same_kind = match &error {
            ParseWordError::Malformed { .. } => message.starts_with("malformed"),
            ParseWordError::BaseDigit { digit, .. } => message.ends_with(&format!("base digit {digit} outside 1..6")),
            ParseWordError::Digit { digit, .. } => message.ends_with(&format!(": digit {digit} outside 1..4")),
            ParseWordError::TooFine { order, .. } => message.ends_with(&format!("order {order} exceeds 29")),
            ParseWordError::PointSuffix { .. } => message.contains("kind suffix 'p'"),
        };
        assert!(same_kind, "`{given}` gave {error:?}, expected: {message}");
    }
}

#[test]
#[ignore = "needs ../shared"]
fn ancestors_and_image_positions_agree_with_the_golden_hierarchy() {
    let golden = hierarchy();
    for row in rows(&golden, "common_ancestor") {
        let words = rows(row, "words").iter().map(|value| word(bits(value)));
        assert_eq!(Word::common_ancestor(words).map(Word::bits), Ok(bits(&row["result"])));
    }
    let xy = &golden["rank_to_xy_depth3"];
    for rank in 0..64_u32 {
        let (x, y) = rank_to_xy(u64::from(rank));
        assert_eq!((u64::from(x), u64::from(y)), (bits(&xy["x"][rank as usize]), bits(&xy["y"][rank as usize])));
    }
    assert_eq!(rank_to_xy(u64::MAX), (u32::MAX, u32::MAX));
}
