//! The figures of `docs/operations/costs.md`, computed from the price table.

use zagg_core::price::Rates;
use zagg_tests::kit::workspace;

/// Eleven arrays and the mark; the record and the mark looked for.
const PUTS: u64 = 12;
const GETS: u64 = 2;

fn page() -> String {
    std::fs::read_to_string(workspace().join("docs/operations/costs.md")).unwrap()
}

fn assert_says(page: &str, what: &str) {
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(what), "costs.md does not say: {what}");
}

#[test]
fn the_costs_page_says_what_the_price_table_gives() {
    let page = page();
    let (lambda, x86) = (Rates::lambda(1.769, true), Rates::lambda(1.769, false));
    let containers = |slots| Rates::container(1.0, slots, false);
    for shards in [1_300_u64, 2_721, 12_596] {
        for seconds in [1.3, 12.0] {
            let costs = [lambda, containers(1), containers(2)]
                .map(|rates| format!("${:.2}", rates.cost(seconds, PUTS, GETS).total() * shards as f64));
            let thousands = format!("{},{:03}", shards / 1000, shards % 1000);
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("| {thousands}")) && line.contains(&format!("| {seconds} |")));
            let row = row.unwrap_or_else(|| panic!("no row of {thousands} shards at {seconds} s"));
            assert!(row.ends_with(&format!("| {} |", costs.join(" | "))), "{row} {costs:?}");
        }
    }
    let one = lambda.cost(1.3, PUTS, GETS);
    for (part, decimals) in [(one.compute, 7), (one.puts, 7), (one.gets, 7), (one.queue, 7)] {
        assert_says(&page, &format!("${part:.decimals$}"));
    }
    assert_says(&page, &format!("${:.7}", containers(1).cost(1.3, 0, 0).compute));
    assert_says(&page, &format!("${:.7}", containers(2).cost(1.3, 0, 0).compute));
    let hang = lambda.cost(900.0, 0, 0).compute;
    assert_says(&page, &format!("${hang:.3}, as much as {:.0} shards' compute", hang / one.compute));
    assert_says(&page, &format!("costs {:.0} % more", 100.0 * (x86.slot_second / lambda.slot_second - 1.0)));
    assert_says(&page, &format!("= ${:.2}.", 100.0 * lambda.slot_second * 3600.0));
    let tasks = containers(1).slot_second * 32.0;
    assert_says(&page, &format!("= ${:.3}, and", tasks * 72.0));
    assert_says(&page, &format!("${:.4}", tasks * 72.0 * 0.3));
    assert_says(&page, &format!("= ${:.2}, twelve times", tasks * 3600.0));
    assert_says(&page, &format!("= ${:.2}, three times", tasks * 900.0));
    assert_says(&page, &format!("${:.2}, twice the run", tasks * 600.0));
}
