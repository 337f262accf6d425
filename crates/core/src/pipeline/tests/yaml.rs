//! What YAML may do.

use crate::pipeline::node::{Node, Value};

fn read(text: &str) -> Node {
    Node::from_yaml(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> String {
    Node::from_yaml(text).expect_err("refused").to_string()
}

#[test]
fn a_tree_keeps_order_lines_and_nan() {
    let tree = read("b: 1\na:\n  - .nan\n  - x: {y: 2.5}\n");
    let names: Vec<&str> = tree.entries().iter().map(|(key, _)| key.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    let Value::List(items) = &tree.get("a").unwrap().value else { panic!("a list") };
    assert!(matches!(items[0].value, Value::Float(x) if x.is_nan()));
    let path = crate::pipeline::problem::Path::of("a").index(1).key("x").key("y").key("absent");
    assert_eq!(path.to_string(), "a[1].x.y.absent");
    assert_eq!(tree.line_of(&path), Some(4));
    assert_eq!(tree.line_of(&crate::pipeline::problem::Path::of("b")), Some(1));
}

#[test]
fn scalars_have_the_types_that_the_peer_sees() {
    let tree = read("{a: 12, b: '12', c: 1.5e-3, d: yes, e: null, f: ~, g: text, h: -0x10, i: 18446744073709551615}");
    let value = |key: &str| tree.get(key).unwrap().value.clone();
    assert_eq!(value("a"), Value::Integer(12));
    assert_eq!(value("b"), Value::Text("12".to_owned()));
    assert_eq!(value("c"), Value::Float(1.5e-3));
    assert_eq!(value("d"), Value::Boolean(true));
    assert_eq!((value("e"), value("f")), (Value::Null, Value::Null));
    assert_eq!(value("i"), Value::Integer(u64::MAX.into()));
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let tree = read("base: &base {dtype: float32, function: min}\nh: {<<: *base, function: max}\nagain: *base\n");
    assert_eq!(tree.get("h").unwrap().get("dtype").unwrap().value, Value::Text("float32".to_owned()));
    assert_eq!(tree.get("h").unwrap().get("function").unwrap().value, Value::Text("max".to_owned()));
    assert_eq!(tree.get("again").unwrap().json(), tree.get("base").unwrap().json());
}

#[test]
fn a_key_that_occurs_twice_is_refused_with_its_line() {
    let error = Node::from_yaml("a: 1\nb:\n  c: 1\n  c: 2\n").expect_err("refused");
    assert!(error.to_string().contains('c'), "{error}");
    assert_eq!(error.problems[0].line, Some(4), "{error}");
}

#[test]
fn an_empty_file_says_what_belongs_in_it() {
    for text in ["", "\n# only a comment\n", "---\n", "null"] {
        assert!(refusal(text).contains("a pipeline has data_source, aggregation and output"), "{text:?}");
    }
}

#[test]
fn broken_yaml_says_where() {
    assert!(refusal("a: [1, 2\nb: 3\n").contains("not readable as YAML"));
    assert!(refusal("a: 1\n---\nb: 2\n").contains("not readable as YAML"), "several documents");
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let refs = vec![format!("*a{}", i - 1); 10].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
    }
    assert!(refusal(&text).contains("not readable as YAML"));
}

#[test]
fn deep_nesting_and_huge_files_are_refused() {
    let flow = format!("a: {}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let block = (0..300).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>();
    for text in [flow, block] {
        assert!(refusal(&text).contains("not readable as YAML"));
    }
    assert!(refusal(&"# x\n".repeat(300_000)).contains("more than 1048576"));
}
