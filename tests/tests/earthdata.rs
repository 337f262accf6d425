//! Granules in an archive's bucket, read with credentials that are fetched on the way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use zagg_core::{
    fault::Fault,
    grid::{Grid, Shard},
    job::PlannedGranule,
    pipeline::Pipeline,
    points::Points,
};
use zagg_granule::source::earthdata::Provider;
use zagg_granule::{
    CpuPool, Earthdata, EarthdataSettings, GranuleReader, Login, LoginPlaces, ReadError, ReaderSettings, S3Settings,
    Secret, SourceSettings,
};
use zagg_sample::SampleGranule;
use zagg_tests::kit::{MiniStack, Web, Workdir, http::request, job, web::Answer, zagg_bin};

const TOKEN: &str = "/api/users/find_or_create_token";
const KEYS: &str = "/s3credentials";

/// Earthdata Login and an archive, each on a port of its own.
struct StandIn {
    work: Workdir,
    login: Web,
    archive: Web,
}

impl StandIn {
    /// Both give what they are asked for.
    fn new() -> Self {
        let (work, login, archive) = (Workdir::new(), Web::new(), Web::new());
        let token = r#"{"access_token":"the-token","token_type":"Bearer","expiration_date":"12/31/2098"}"#;
        login.set(TOKEN, Answer::File(work.write("token.json", token)));
        let keys = r#"{"accessKeyId":"ASIA1","secretAccessKey":"the-secret","sessionToken":"the-session",
            "expiration":"2099-01-01 00:00:00+00:00"}"#;
        archive.set(KEYS, Answer::File(work.write("keys.json", keys)));
        Self { work, login, archive }
    }

    /// Logs in by a netrc file, for buckets that begin as `bucket` does.
    fn earthdata(&self, bucket: &str) -> Earthdata {
        let netrc = self.work.write("netrc", "machine 127.0.0.1 login me password open-sesame");
        let places = LoginPlaces { netrc: Some(netrc), ..LoginPlaces::default() };
        let login = Login::find(places, "127.0.0.1").unwrap().unwrap();
        let mut settings = EarthdataSettings::new(login);
        settings.login_url = format!("http://{}", self.login.address());
        settings.providers =
            vec![Provider::new("NSIDC", &[bucket], &format!("http://{}{KEYS}", self.archive.address()))];
        settings.retry.tries = 1;
        Earthdata::new(settings).unwrap()
    }
}

impl StandIn {
    /// Runs `zagg login` with a login of its own.
    fn login(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut zagg = Command::new(zagg_bin::program("zagg"));
        zagg.env_clear().env("EARTHDATA_USERNAME", "me").env("EARTHDATA_PASSWORD", "open-sesame");
        zagg.env("ZAGG_EARTHDATA_URL", format!("http://{}", self.login.address()));
        zagg.env("ZAGG_EARTHDATA_PROVIDER", format!("mine=http://{}{KEYS}", self.archive.address()));
        said(&zagg.arg("login").args(arguments).output().unwrap())
    }
}

/// Exit code, and everything that was printed; no secret is among it.
fn said(output: &Output) -> (Option<i32>, String) {
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    for secret in ["open-sesame", "the-token", "the-secret", "the-session"] {
        assert!(!said.contains(secret), "{said}");
    }
    (output.status.code(), said)
}

/// The sample granules in a bucket of this name; gives them as a plan lists them.
fn upload(bucket: &str) -> Vec<PlannedGranule> {
    let s3 = MiniStack::shared();
    s3.create_bucket(bucket);
    let put = |granule: &SampleGranule| {
        let bytes = std::fs::read(&granule.file).unwrap();
        let (status, _) = request(s3.address(), "PUT", &format!("/{bucket}/{}.h5", granule.id), &bytes).unwrap();
        assert_eq!(status, 200);
        PlannedGranule { id: granule.id.clone(), href: format!("s3://{bucket}/{}.h5", granule.id) }
    };
    job::granules().iter().map(put).collect()
}

fn reader(sources: SourceSettings) -> (GranuleReader, Grid) {
    let pipeline = Pipeline::from_yaml(&job::pipeline_text()).unwrap();
    let grid = Grid::new(&pipeline.grid).unwrap();
    let cpu = CpuPool::new(1).unwrap();
    (GranuleReader::new(&pipeline, &grid, sources, ReaderSettings::default(), cpu), grid)
}

/// Reads from the S3 server, whose own settings have no credentials at all.
fn remote(earthdata: &Earthdata) -> SourceSettings {
    SourceSettings {
        s3: S3Settings {
            region: Some("us-east-1".to_owned()),
            endpoint: Some(MiniStack::shared().endpoint()),
            ..S3Settings::default()
        },
        earthdata: Some(earthdata.clone()),
        ..SourceSettings::default()
    }
}

/// A shard with points of several granules.
fn shard(grid: &Grid) -> Shard {
    let map = zagg_sample::shard_map(job::granules(), &job::grid_of(&job::pipeline_text()), |granule| {
        vec![("file".to_owned(), granule.file.display().to_string())]
    });
    let map = map.unwrap();
    let largest = map.shards().iter().max_by_key(|shard| shard.granules.len()).unwrap();
    grid.shard(largest.key).unwrap()
}

fn assert_same(one: &Points, other: &Points) {
    assert_eq!((one.len(), &one.cells), (other.len(), &other.cells));
    for ((name, values), (_, others)) in one.columns.iter().zip(&other.columns) {
        assert!((0..one.len()).all(|i| values.f64_at(i).to_bits() == others.f64_at(i).to_bits()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn granules_of_an_archive_are_read_from_s3_with_credentials_that_were_asked_for_once() {
    let stand_in = StandIn::new();
    let planned = upload("nsidc-cumulus-reading");
    let earthdata = stand_in.earthdata("nsidc-cumulus-");
    // Two readers, as two slots would share them.
    let ((one, grid), (two, _)) = (reader(remote(&earthdata)), reader(remote(&earthdata)));
    let shard = shard(&grid);
    let (first, second) = tokio::join!(one.read(&shard, &planned), two.read(&shard, &planned));
    let (first, second) = (first.unwrap().0, second.unwrap().0);
    let local: Vec<PlannedGranule> = job::granules()
        .iter()
        .map(|granule| PlannedGranule { id: granule.id.clone(), href: granule.file.display().to_string() })
        .collect();
    let (near, _) = reader(SourceSettings::default());
    let expected = near.read(&shard, &local).await.unwrap().0;
    assert!(expected.len() > 100, "{} points", expected.len());
    assert_same(&first, &expected);
    assert_same(&second, &expected);
    assert!(one.usage().requests >= planned.len() as u64);

    let (logins, fetches) = (stand_in.login.log(), stand_in.archive.log());
    assert_eq!((logins.len(), fetches.len()), (1, 1), "{logins:?} {fetches:?}");
    assert_eq!(logins[0].path, TOKEN);
    // "me:open-sesame"
    assert_eq!(logins[0].authorization.as_deref(), Some("Basic bWU6b3Blbi1zZXNhbWU="));
    assert_eq!(fetches[0].authorization.as_deref(), Some("Bearer the-token"));
    assert_eq!(earthdata.report().totals(), (2, 0));
    assert!(earthdata.expires_at().is_some());
}

#[tokio::test]
async fn an_archive_that_is_down_fails_the_shard_as_something_that_may_pass() {
    let stand_in = StandIn::new();
    stand_in.archive.set(KEYS, Answer::Status(503));
    let planned = upload("nsidc-cumulus-down");
    let earthdata = stand_in.earthdata("nsidc-cumulus-");
    let (reader, grid) = reader(remote(&earthdata));
    let shard = shard(&grid);
    let error = reader.read(&shard, &planned).await.unwrap_err();
    assert!(matches!(error, ReadError::Source { .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Transient);
    assert!(reader.read(&shard, &planned).await.is_err());
    assert_eq!(stand_in.archive.log().len(), 1, "it is asked again after a pause only");
    let report = earthdata.report();
    assert!(report.providers[0].1.trouble.is_some());
}

#[tokio::test]
async fn a_check_of_the_login_says_what_to_do() {
    let stand_in = StandIn::new();
    let earthdata = stand_in.earthdata("nsidc-cumulus-");
    assert!(earthdata.check(|_| true).await.is_all_well());
    stand_in.login.set(TOKEN, Answer::Status(401));
    let check = stand_in.earthdata("nsidc-cumulus-").check(|_| true).await;
    let error = check.token.unwrap_err();
    assert!(error.to_string().contains("check the user name and the password"), "{error}");
    assert!(check.providers.iter().all(|provider| provider.credentials.is_err()));
}

#[test]
fn a_login_without_any_place_is_none() {
    let found =
        Login::find(LoginPlaces { netrc: Some(Path::new("/no/such/netrc").into()), ..LoginPlaces::default() }, "x");
    assert_eq!(found.unwrap(), None);
    let token = LoginPlaces { token: Some(Secret::new("t")), ..LoginPlaces::default() };
    assert_eq!(Login::find(token, "x").unwrap().unwrap().kind(), "token");
}

#[test]
fn zagg_login_check_says_what_a_login_opens() {
    let stand_in = StandIn::new();
    let (code, said) = stand_in.login(&["--check", "--provider", "mine"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("mine       works: S3 credentials for"), "{said}");
    assert_eq!(stand_in.archive.log()[0].authorization.as_deref(), Some("Bearer the-token"));
}

#[test]
fn zagg_login_check_says_what_to_do_when_an_archive_refuses() {
    let stand_in = StandIn::new();
    stand_in.archive.set(KEYS, Answer::Status(403));
    let (code, said) = stand_in.login(&["--check", "--provider", "mine"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("mine       FAILS") && said.contains("accept the provider's licence"), "{said}");
}

#[test]
fn zagg_login_check_never_takes_the_token_to_where_an_archive_redirects() {
    let (stand_in, elsewhere) = (StandIn::new(), Web::new());
    elsewhere.set(KEYS, Answer::Status(200));
    stand_in.archive.set(KEYS, Answer::Redirect(format!("http://{}{KEYS}", elsewhere.address())));
    let (code, said) = stand_in.login(&["--check", "--provider", "mine"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(elsewhere.log().iter().all(|asked| asked.authorization.is_none()), "{:?}", elsewhere.log());
}

#[test]
fn zagg_login_says_how_to_log_in() {
    let bare = |arguments: &[&str]| {
        said(&Command::new(zagg_bin::program("zagg")).env_clear().arg("login").args(arguments).output().unwrap())
    };
    let (code, told) = bare(&[]);
    assert!(code == Some(0) && told.contains("EARTHDATA_TOKEN"), "{told}");
    let (code, told) = bare(&["--check"]);
    assert!(code == Some(2) && told.contains("machine urs.earthdata.nasa.gov"), "{told}");
    let (code, told) = StandIn::new().login(&["--check", "--provider", "NSDC"]);
    assert!(code == Some(2) && told.contains("known are NSIDC"), "{told}");
}
