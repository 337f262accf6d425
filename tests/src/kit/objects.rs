//! What lies in a store, by key: the digests of all objects.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use zagg_core::digest::Digest;

use super::http::request;
use super::source;

/// Digests by key.
pub type Objects = BTreeMap<String, Digest>;

/// Every file under `folder`, whatever it is; none when there is no folder.
#[must_use]
pub fn of_folder(folder: &Path) -> Objects {
    if !folder.exists() {
        return Objects::new();
    }
    let key = |path: &Path| path.strip_prefix(folder).expect("a file is in its folder").to_string_lossy().into_owned();
    let digest = |path: &Path| Digest::of(&std::fs::read(path).expect("a readable file"));
    source::files(folder).iter().map(|path| (key(path), digest(path))).collect()
}

/// Every object under `prefix` of a bucket.
#[must_use]
pub fn of_bucket(server: SocketAddr, bucket: &str, prefix: &str) -> Objects {
    let get = |path: &str| {
        let (status, body) = request(server, "GET", path, b"").expect("the server answers");
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        body
    };
    let (mut found, mut after) = (Objects::new(), String::new());
    loop {
        let page = get(&format!("/{bucket}?list-type=2&prefix={prefix}/&start-after={after}"));
        let page = String::from_utf8(page).expect("a listing is text");
        let keys: Vec<&str> = page.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()).collect();
        for key in &keys {
            let short = key.strip_prefix(prefix).expect("the listing is of the prefix").trim_start_matches('/');
            found.insert(short.to_owned(), Digest::of(&get(&format!("/{bucket}/{key}"))));
        }
        match keys.last() {
            Some(last) if page.contains("<IsTruncated>true") => after = (*last).to_owned(),
            _ => return found,
        }
    }
}

/// Without the runs' plans, which say where the granules were read.
#[must_use]
pub fn without_plans(mut objects: Objects) -> Objects {
    objects.retain(|key, _| !key.starts_with(".zagg/runs/"));
    objects
}

/// The digests of a store's results in `folder`: everything but the runs' records and what a killed writer
/// left half staged, and marks without what they say of their execution.
#[must_use]
pub fn results_of_folder(folder: &Path) -> Objects {
    let mut objects = without_plans(of_folder(folder));
    objects.retain(|key, _| !key.starts_with(".zagg/tmp/"));
    for (key, digest) in &mut objects {
        if key.starts_with(".zagg/marks/") {
            *digest = result_of_mark(&std::fs::read(folder.join(key)).expect("a readable mark"));
        }
    }
    objects
}

/// The digests of a store's results under `prefix` of a bucket, as [`results_of_folder`].
#[must_use]
pub fn results_of_bucket(server: SocketAddr, bucket: &str, prefix: &str) -> Objects {
    let mut objects = without_plans(of_bucket(server, bucket, prefix));
    for (key, digest) in &mut objects {
        if key.starts_with(".zagg/marks/") {
            let (_, bytes) = request(server, "GET", &format!("/{bucket}/{prefix}/{key}"), b"").expect("an answer");
            *digest = result_of_mark(&bytes);
        }
    }
    objects
}

fn result_of_mark(bytes: &[u8]) -> Digest {
    let mut mark: serde_json::Value = serde_json::from_slice(bytes).expect("a mark is JSON");
    mark.as_object_mut().expect("a mark is an object").remove("execution");
    Digest::of(mark.to_string().as_bytes())
}

/// The labels of the shards that are marked.
#[must_use]
pub fn marks(objects: &Objects) -> Vec<String> {
    let label = |key: &String| Some(key.strip_prefix(".zagg/marks/")?.strip_suffix(".json")?.to_owned());
    objects.keys().filter_map(label).collect()
}

/// Fails the test unless both are the same, naming what differs.
pub fn assert_same(one: &Objects, other: &Objects) {
    let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let different: Vec<&&String> = keys.iter().filter(|key| one.get(**key) != other.get(**key)).collect();
    let count = different.len();
    assert!(
        different.is_empty(),
        "{count} of {} objects differ: {:?}",
        keys.len(),
        different.iter().take(10).collect::<Vec<_>>()
    );
    assert!(!one.is_empty(), "there are no objects");
}
