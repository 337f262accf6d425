use super::*;

fn cycle_22() -> Query {
    Query {
        boxes: vec![[-76.7, 38.8, -76.5, 38.9]],
        time: TimeRange::of_days(Some("2024-01-06"), Some("2024-04-06")).unwrap(),
        ..Query::of_product("ATL06", "007")
    }
}

#[test]
fn a_query_is_sent_as_the_archive_wants_it() {
    let pairs = cycle_22().pairs(Some(&cycle_22().boxes[0]), 100);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        pairs,
        [
            ("collections", "ATL06_007"),
            ("bbox", "-76.7,38.8,-76.5,38.9"),
            ("datetime", "2024-01-06T00:00:00Z/2024-04-06T23:59:59.999Z"),
            ("limit", "100"),
        ]
    );
    let body = Value::Object(cycle_22().body(Some(&cycle_22().boxes[0]), 100));
    let expected = r#"{"collections":["ATL06_007"],"bbox":[-76.7,38.8,-76.5,38.9],"datetime":"2024-01-06T00:00:00Z/2024-04-06T23:59:59.999Z","limit":100}"#;
    assert_eq!(body.to_string(), expected);
}

#[test]
fn an_open_end_is_two_dots_and_no_dates_are_no_parameter() {
    let time = |first, last| TimeRange::of_days(first, last).unwrap().parameter();
    assert_eq!(time(Some("2024-01-06"), None).as_deref(), Some("2024-01-06T00:00:00Z/.."));
    assert_eq!(time(None, Some("2024-01-06")).as_deref(), Some("../2024-01-06T23:59:59.999Z"));
    assert_eq!(time(None, None), None);
    let moment = TimeRange { start_us: Some(0), end_us: Some(0) };
    assert_eq!(moment.parameter().as_deref(), Some("1970-01-01T00:00:00Z"));
}

#[test]
fn dates_that_are_none_or_in_the_wrong_order_are_named() {
    for (first, last, word) in [
        ("2024-1-6", "2024-04-06", "2024-1-6"),
        ("2024-02-30", "2024-04-06", "2024-02-30"),
        ("2024-04-06", "2024-01-06", "end before"),
    ] {
        let error = TimeRange::of_days(Some(first), Some(last)).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_box_that_the_archive_would_refuse_is_not_sent() {
    for (bounds, word) in [
        ([170.0, -10.0, -170.0, 10.0], "split"),
        ([-181.0, 0.0, 0.0, 1.0], "no box"),
        ([0.0, -91.0, 0.0, 1.0], "no box"),
        ([0.0, 1.0, 1.0, 0.0], "no box"),
        ([f64::NAN, 0.0, 1.0, 1.0], "no box"),
    ] {
        let error = Query { boxes: vec![bounds], ..cycle_22() }.check().unwrap_err().to_string();
        assert!(error.contains(word), "{bounds:?}: {error}");
    }
    assert!(cycle_22().check().is_ok());
}

#[test]
fn what_has_an_option_of_its_own_is_no_further_parameter() {
    let mut query = cycle_22();
    query.further.insert("sortby".to_owned(), json!("-datetime"));
    query.further.insert("query".to_owned(), json!({"eo:cloud_cover": {"lt": 5}}));
    assert!(query.check().is_ok());
    let pairs = query.pairs(None, 10);
    assert_eq!(pairs[3], ("sortby".to_owned(), "-datetime".to_owned()));
    assert_eq!(pairs[4].1, r#"{"eo:cloud_cover":{"lt":5}}"#);
    query.further.insert("bbox".to_owned(), json!("0,0,1,1"));
    assert!(query.check().unwrap_err().to_string().contains("bbox"));
    assert!(Query::of_product("", "").check().is_err());
}

#[test]
fn two_halves_that_meet_at_180_are_one_box() {
    let boxes = |boxes: &[[f64; 4]]| Query { boxes: boxes.to_vec(), ..cycle_22() }.bounds();
    assert_eq!(boxes(&[]), None);
    assert_eq!(boxes(&[[170.0, 1.0, 180.0, 2.0], [-180.0, 1.0, -170.0, 2.0]]), Some([170.0, 1.0, -170.0, 2.0]));
    assert_eq!(boxes(&[[-180.0, 1.0, -170.0, 2.0], [170.0, 1.0, 180.0, 2.0]]), Some([170.0, 1.0, -170.0, 2.0]));
    assert_eq!(boxes(&[[0.0, 1.0, 1.0, 2.0], [3.0, -1.0, 4.0, 0.0]]), Some([0.0, -1.0, 4.0, 2.0]));
}
