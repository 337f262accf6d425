//! What a person types, what comes back, and the exit codes: 0 done, 1 finished but not everything,
//! 2 what was asked makes no sense, 3 a store or queue is out of reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use zagg_tests::kit::objects::{assert_same, marks, of_folder};
use zagg_tests::kit::{Job, job, job::Ended, zagg_bin};

#[test]
fn every_command_explains_itself() {
    let job = Job::new();
    let help = job.command(&["--help"]).expect(0);
    for (command, words) in [
        ("run", ["--config", "--catalog", "--store", "--dry-run", "--report", "--queue"].as_slice()),
        ("demo", &["--dir"]),
        ("verify", &["<STORE>", "--report", "--endpoint-url"]),
        ("compare", &["<A>", "<B>", "--rtol", "--atol", "--tol"]),
        ("plot", &["<STORE>", "--field", "--projection", "--grid-spacing", "--range", "--compare"]),
        ("view", &["<STORE>", "--port", "--open", "--queue"]),
        ("export", &["<STORE>", "--output", "--field", "--geometry", "--projection"]),
        ("overviews", &["<STORE>", "--orders", "--down-to", "--overwrite"]),
        ("shards", &["--output", "--footprints", "--store", "--max-pairs"]),
        ("completions", &["bash"]),
    ] {
        assert!(help.out.contains(command), "{command} is not in the overview");
        let help = job.command(&[command, "--help"]).expect(0);
        for word in words.iter().chain(&["Usage: zagg", "--quiet", "--verbose"]) {
            assert!(help.out.contains(word), "no `{word}` in zagg {command} --help:\n{}", help.out);
        }
        assert!(!help.out.contains("AWS_SECRET"), "help shows the environment");
    }
}

#[test]
fn what_was_mistyped_is_said_and_exits_2() {
    let job = Job::new();
    let suggested = job.command(&["run", "--confg", "atl06.yaml"]).expect(2);
    assert!(suggested.err.contains("--config"), "{}", suggested.err);
    for typed in
        [["frobnicate"].as_slice(), &[], &["run"], &["verify"], &["run", "-c", "atl06.yaml", "--workers", "many"]]
    {
        assert!(!job.command(typed).expect(2).err.is_empty());
    }
    let tolerance = job.command(&["compare", "a", "b", "--tol", "h_mean"]).expect(2);
    assert!(tolerance.err.contains("FIELD=RELATIVE"), "{}", tolerance.err);
}

/// None is taken for another one, as nought slots for one, or for none, as a ceiling that is no number.
#[test]
fn numbers_that_make_no_sense_are_refused_by_the_name_of_the_argument() {
    const WORKER: &[&str] = &["zagg-worker", "--queue", "file:none.db", "--until-empty"];
    const PRODUCE: &[&str] = &["zagg-produce", "-c", "none.yaml", "--queue", "file:none.db"];
    const RUN: &[&str] = &["zagg", "run", "-c", "none.yaml"];
    const COMPARE: &[&str] = &["zagg", "compare", "a", "b"];
    let job = Job::new();
    for (command, argument, values) in [
        (WORKER, "--slots", ["0", "18446744073709551615"].as_slice()),
        (WORKER, "--granules-in-flight", &["0", "65537"]),
        (WORKER, "--requests-in-flight", &["0"]),
        (WORKER, "--memory-mb", &["0"]),
        (WORKER, "--max-attempts", &["0"]),
        (WORKER, "--term", &["0", "nan", "-1", "1e19"]),
        (WORKER, "--wait", &["nan", "-1", "inf"]),
        (WORKER, "--retry-wait", &["nan", "1e300"]),
        (WORKER, "--grace", &["18446744073709551615", "-1"]),
        (WORKER, "--broker-patience", &["inf"]),
        (PRODUCE, "--max-usd", &["nan", "-1", "inf"]),
        (PRODUCE, "--term", &["0", "31536001"]),
        (RUN, "--workers", &["0", "65537"]),
        (COMPARE, "--rtol", &["nan", "-1"]),
        (COMPARE, "--tol", &["h_mean=nan", "h_mean=0:-1"]),
        (&["zagg", "create-queue", "--queue", "file:none.db"], "--term", &["0", "nan"]),
        (&["zagg", "catalog"], "--tries", &["0"]),
    ] {
        for value in values {
            let mut typed = std::process::Command::new(zagg_bin::program(command[0]));
            typed.args(&command[1..]).arg(format!("{argument}={value}")).current_dir(job.work.root());
            let ended = Ended::of_json(&typed.output().unwrap()).expect(2);
            let said = ended.err.lines().next().unwrap_or_default();
            assert!(said.contains(argument) && said.contains(value), "{argument}={value}: {}", ended.err);
        }
    }
    assert!(!job.work.path("none.db").exists());
}

#[test]
fn files_that_cannot_be_read_are_named_and_exit_2() {
    let job = Job::new();
    for (typed, word) in [
        (["run", "-c", "no.yaml", "--catalog", "shardmap.json", "--store", "s"], "no.yaml"),
        (["run", "-c", "atl06.yaml", "--catalog", "no.json", "--store", "s"], "no.json"),
        (["run", "-c", "atl06.yaml", "--catalog", "atl06.yaml", "--store", "s"], "atl06.yaml"),
        (["run", "-c", "atl06.yaml", "--catalog", "shardmap.json", "--store", "ftp://x"], "ftp://x"),
        (["run", "-c", "atl06.yaml", "--catalog", "shardmap.json", "--queue", "file:q.db"], "--store"),
    ] {
        let ended = job.command(&typed).expect(2);
        assert!(ended.err.starts_with("error: ") && ended.err.contains(word), "{}", ended.err);
    }
    let unnamed = job.command(&["run", "-c", "atl06.yaml", "--store", "s"]).expect(2);
    assert!(unnamed.err.contains("--catalog FILE"), "{}", unnamed.err);
    let queue = job.run(&job.store("store.zarr"), &["--queue", "carrier:pigeon"]).expect(2);
    assert!(queue.err.contains("carrier"), "{}", queue.err);
    assert!(!Path::new(&job.store("store.zarr")).exists(), "nothing is written before all is checked");
    for command in [["verify", "nowhere"].as_slice(), &["compare", "nowhere", "nowhere-else"]] {
        assert!(job.command(command).expect(2).err.contains("nowhere"));
    }
}

#[test]
fn all_problems_of_a_pipeline_are_listed_with_place_and_suggestion() {
    let job = Job::new();
    let broken = "
data_source:
  driver: s3
  groups: [gt1l]
  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}
  variables: {h_li: \"/{group}/h\"}
aggregation:
  variables:
    a: {funktion: len, source: h_li, dtype: int32, fill_value: 0}
    b: {function: mean, source: h_l, dtype: float32}
    c: {function: quantil, source: h_li, dtype: float33}
output:
  grid: {type: healpix, parent_order: 14, child_order: 12}
";
    job.work.write("broken.yaml", broken);
    let ended = job.command(&["run", "-c", "broken.yaml", "--catalog", "shardmap.json", "--store", "s"]).expect(2);
    for words in [
        "broken.yaml",
        "line 9: aggregation.variables.a.funktion: unknown key (did you mean `function`?)",
        "line 10: aggregation.variables.b.source: `h_l` is not in data_source.variables (h_li) (did you mean `h_li`?)",
        "aggregation.variables.c.function: `quantil`",
        "did you mean `quantile`?",
        "aggregation.variables.c.dtype: `float33`",
        "did you mean `float32`?",
        "output.grid.child_order",
    ] {
        assert!(ended.err.contains(words), "no `{words}` in:\n{}", ended.err);
    }
    assert!(!job.work.path("s").exists());
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let job = Job::new();
    let before = of_folder(job.work.root());
    let ended = job.run(&job.store("store.zarr"), &["--dry-run"]).expect(0);
    let shards = job.map.shards().len();
    assert!(ended.out.contains(&format!("Would process {shards} of {shards} shards")), "{}", ended.out);
    assert!(ended.out.contains("store.zarr"), "{}", ended.out);
    let one = job.run(&job.store("store.zarr"), &["--dry-run", "--max-cells", "1"]).expect(0);
    assert!(one.out.contains(&format!("Would process 1 of {shards} shards")), "{}", one.out);
    assert_same(&before, &of_folder(job.work.root()));
    let unreachable = job.run("s3://bucket/store", &["--dry-run", "--endpoint-url", "http://127.0.0.1:9"]);
    assert_eq!(unreachable.code, Some(0), "a dry run asks nobody: {}", unreachable.err);
}

#[test]
fn max_cells_takes_the_first_shards_and_the_rest_is_done_later() {
    let job = Job::new();
    let (store, all) = (job.store("store.zarr"), job.map.shards().len() as u64);
    let first = job.must_run(&store, &["--max-cells", "2"]);
    assert_eq!((first.shards("chosen"), first.shards("done")), (2, 2));
    let rest = job.must_run(&store, &["--max-cells", "0"]);
    assert_eq!((rest.shards("skipped"), rest.shards("done")), (2, all - 2));
}

#[test]
fn shards_are_chosen_by_their_labels_also_by_negative_ones() {
    let job = Job::new();
    let store = job.store("store.zarr");
    let labels: Vec<String> = job.shards_of(0).into_iter().take(2).collect();
    assert!(labels.len() == 2 && labels[0].starts_with('-'), "the sample is in the south: {labels:?}");
    let ended = job.must_run(&store, &["--shard", &labels[0], "--shard", &labels[1]]);
    assert_eq!(ended.shards("done"), 2);
    let mut expected = labels.clone();
    expected.sort();
    assert_eq!(marks(&of_folder(Path::new(&store))), expected);
    let alias = job.must_run(&store, &["--morton-cell", &labels[0]]);
    assert_eq!((alias.shards("chosen"), alias.shards("skipped")), (1, 1));
}

#[test]
fn shards_that_do_not_exist_are_named_and_exit_2() {
    let job = Job::new();
    let store = job.store("store.zarr");
    let absent = job.run(&store, &["--shard", "41111111"]).expect(2);
    assert!(absent.err.contains("41111111") && absent.err.contains("shards of the shard map"), "{}", absent.err);
    for wrong in ["-5112", "-9999999", "", "north pole"] {
        let ended = job.run(&store, &["--shard", wrong]).expect(2);
        assert!(ended.err.contains(&format!("`{wrong}`")), "{wrong}: {}", ended.err);
    }
    assert!(!Path::new(&store).exists());
}

#[test]
fn a_granule_without_the_drivers_location_names_the_drivers_it_has() {
    let job = Job::reading(|granule| {
        let path = granule.file.display().to_string();
        vec![("file".to_owned(), path.clone()), ("mirror".to_owned(), format!("file://{path}"))]
    });
    let ended = job.run(&job.store("store.zarr"), &["--driver", "s3"]).expect(2);
    let granule = &job::granules()[0].id;
    for word in ["file", "mirror", "--driver", "s3", granule] {
        assert!(ended.err.contains(word), "no `{word}` in: {}", ended.err);
    }
    assert!(!Path::new(&job.store("store.zarr")).exists());
    job.must_run(&job.store("store.zarr"), &["--driver", "mirror"]);
}

#[test]
fn quiet_is_quiet_and_errors_are_still_said() {
    let job = Job::new();
    let store = job.store("store.zarr");
    for more in [["--quiet"].as_slice(), &["-q", "--overwrite"], &["-q", "--dry-run"]] {
        assert_eq!(job.must_run(&store, more).said(), "", "{more:?}");
    }
    for command in [["verify", &store, "-q"].as_slice(), &["compare", &store, &store, "-q"]] {
        assert_eq!(job.command(command).expect(0).said(), "", "{command:?}");
    }
    assert!(job.command(&["-q", "verify", "nowhere"]).expect(2).err.contains("nowhere"));
}

#[test]
fn progress_is_plain_lines_where_there_is_no_terminal() {
    let job = Job::new();
    let shards = job.map.shards().len();
    let ended = job.must_run(&job.store("store.zarr"), &[]);
    assert!(ended.err.contains(&format!("{shards}/{shards} shards")), "{}", ended.err);
    assert!(ended.out.starts_with("Done in "), "{}", ended.out);
    let logged = job.must_run(&job.store("logged.zarr"), &["-v"]);
    assert!(logged.err.contains("INFO") && logged.err.contains("workers"), "{}", logged.err);
    for text in [ended.said(), logged.said()] {
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "escape sequences in {text:?}");
    }
}

#[test]
fn the_report_has_what_it_promises() {
    let job = Job::new();
    let ended = job.must_run(&job.store("store.zarr"), &["--workers", "2"]);
    let report = &ended.report;
    assert_eq!(report["schema"], "zagg-run-report/1");
    assert_eq!((&report["store"], &report["group"]), (&Value::from(job.store("store.zarr")), &Value::from("12")));
    for digest in ["pipeline", "catalog"] {
        assert!(report[digest].as_str().is_some_and(|text| text.len() == 64), "{digest}: {report}");
    }
    for name in ["chosen", "done", "empty", "skipped", "failed", "refused", "left", "retries"] {
        _ = ended.shards(name);
    }
    for name in
        ["granules", "groups", "groups_absent", "rows_scanned", "points_in_shard", "points_kept", "requests", "bytes"]
    {
        assert!(ended.read(name) > 0, "{name}");
    }
    for name in ["cells", "objects", "bytes_put", "peak_points_bytes"] {
        assert!(report["totals"][name].as_u64().is_some_and(|count| count > 0), "{name}");
    }
    for name in ["read", "decode", "aggregate", "encode", "put"] {
        assert!(report["totals"]["seconds"][name].as_f64().is_some(), "{name}");
    }
    assert!(report["wall_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0));
    for list in ["failures", "refused"] {
        assert_eq!(report[list], Value::Array(Vec::new()));
    }
    let workers = report["settings"].as_array().unwrap().iter().find(|line| line["name"] == "workers").unwrap();
    assert_eq!(workers["value"], "2");
    assert_eq!(report["totals"]["read"]["dropped"][0][0], "atl06_quality_summary == 0");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_before_anything_is_done() {
    let job = Job::new();
    let place = "no/such/folder/report.json";
    let typed = ["run", "-c", "atl06.yaml", "--catalog", "shardmap.json", "--store", "s", "--driver", "file"];
    let ended = job.command(&[typed.as_slice(), &["--report", place]].concat()).expect(2);
    assert!(ended.err.contains(place), "{}", ended.err);
    job.verify("s").expect(2);
}

#[test]
fn an_s3_that_refuses_connections_exits_3_before_long() {
    let mut job = Job::new();
    job.set("AWS_ACCESS_KEY_ID", "test");
    job.set("AWS_SECRET_ACCESS_KEY", "test");
    let endpoint = format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let start = Instant::now();
    for command in [["verify", "s3://bucket/store"].as_slice(), &["compare", "s3://bucket/store", "s3://bucket/other"]]
    {
        let ended = job.command(&[command, &["--endpoint-url", &endpoint]].concat()).expect(3);
        assert!(ended.err.contains("s3://bucket/"), "{}", ended.err);
    }
    let ended = job.run("s3://bucket/store", &["--endpoint-url", &endpoint]).expect(3);
    assert!(ended.err.contains("s3://bucket/store") && ended.err.contains("efused"), "{}", ended.err);
    let each = start.elapsed() / 3;
    eprintln!("a refused connection is told after {each:.1?}");
    // A request is given up after ten tries or a minute; the machine may be busy besides.
    assert!(each < Duration::from_secs(90), "{each:?}");
}

#[test]
fn verify_exits_1_when_a_byte_is_not_what_it_was() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &[]);
    job.verify(&store).expect(0);
    let objects = of_folder(Path::new(&store));
    let chunk = objects.keys().find(|key| key.contains("/h_mean/c/")).unwrap();
    let path = Path::new(&store).join(chunk);
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    std::fs::write(&path, flipped).unwrap();
    let changed = job.verify(&store).expect(1);
    assert!(changed.out.contains("NOT SOUND") && changed.out.contains(chunk), "{}", changed.out);
    assert_eq!(changed.report["changed"]["keys"][0], chunk.as_str());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(job.verify(&store).expect(1).report["missing"]["keys"][0], chunk.as_str());
    std::fs::write(&path, whole).unwrap();
    job.verify(&store).expect(0);
}

#[test]
fn compare_exits_1_when_stores_differ_beyond_the_tolerance() {
    let job = Job::new();
    let (one, two) = (job.store("one.zarr"), job.store("two.zarr"));
    job.must_run(&one, &[]);
    job.command(&["compare", &one, &one]).expect(0);
    // Weighting by another power moves the mean by less than a percent, and nothing else.
    job.work.write("atl06.yaml", job::pipeline_text().replace("weights: \"1.0 / s_li**2\"", "weights: \"1.0 / s_li\""));
    job.must_run(&two, &[]);
    let differ = job.command(&["compare", &one, &two]).expect(1);
    assert!(differ.out.contains("h_mean") && differ.out.contains("DIFFERENT"), "{}", differ.out);
    job.command(&["compare", &one, &two, "--tol", "h_mean=0.05"]).expect(0);
    job.command(&["compare", &one, &two, "--rtol", "0.05"]).expect(0);
    job.command(&["compare", &one, &two, "--tol", "h_max=0.05"]).expect(1);
    let (fewer, report) = (job.store("fewer.zarr"), job.store("compared.json"));
    job.must_run(&fewer, &["--max-cells", "1"]);
    job.command(&["compare", &two, &fewer, "--rtol", "1", "--report", &report]).expect(1);
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert!(report["a"]["only_here"].as_u64().is_some_and(|cells| cells > 0), "{report}");
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let script = Job::new().command(&["completions", "bash"]).expect(0).out;
    assert!(script.contains("complete") && script.contains("_zagg") && script.contains("--max-cells"));
}

#[test]
fn the_demo_runs_from_nothing_and_again() {
    let job = Job::new();
    let first = job.command(&["demo", "--dir", "show"]).expect(0);
    assert!(
        first.out.contains("xarray.open_zarr") && first.out.contains("zagg verify show/store.zarr"),
        "{}",
        first.out
    );
    let before = of_folder(&job.work.path("show"));
    let again = job.command(&["demo", "--dir", "show"]).expect(0);
    assert!(again.out.contains(" 0 done"), "{}", again.out);
    assert_same(&before, &of_folder(&job.work.path("show")));
    job.verify("show/store.zarr").expect(0);
    assert_eq!(job.command(&["-q", "demo", "--dir", "silent"]).expect(0).said(), "");
}
