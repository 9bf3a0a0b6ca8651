use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::*;
use crate::config::Family;
use crate::fixture::{config, fill, writer};

/// A hub of one model on this machine, which misbehaves as told.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What it does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The weights are cut off halfway, the first two times.
    Cut,
    /// Every other answer is an error of the server.
    Busy,
    /// Nobody is let in.
    Locked,
}

/// Files by their addresses below the hub's.
fn routes(model: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut routes = BTreeMap::new();
    let mut siblings = vec![serde_json::json!({"rfilename": "README.md"})];
    for entry in fs::read_dir(model).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        routes.insert(format!("/tiny/llama/resolve/abc123/{name}"), fs::read(&path).unwrap());
        siblings.push(serde_json::json!({"rfilename": name}));
    }
    let listing = serde_json::json!({"sha": "abc123", "siblings": siblings}).to_string();
    routes.insert("/api/models/tiny/llama/revision/main".to_owned(), listing.into_bytes());
    routes
}

impl Server {
    fn new(routes: BTreeMap<String, Vec<u8>>, fault: Fault) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut cuts = 0;
            for stream in listener.incoming() {
                // A client that went away is no failure of the server's.
                let _ = answer(stream.unwrap(), &routes, fault, &mut cuts, &log);
            }
        });
        Server { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn hub(&self) -> Hub {
        Hub::new(&format!("{}/", self.address), Some("secret".to_owned()))
    }
}

fn answer(
    mut stream: TcpStream,
    routes: &BTreeMap<String, Vec<u8>>,
    fault: Fault,
    cuts: &mut u32,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut from, mut known) = (0, false);
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        known |= line == "authorization: bearer secret";
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
    }
    assert!(known, "no token");
    let count = {
        let mut log = log.lock().unwrap();
        log.push(format!("{path} {from}"));
        log.len()
    };
    let close = "Connection: close\r\n";
    let status = match (fault, routes.get(&path)) {
        (Fault::Locked, _) => "401 Unauthorized",
        (Fault::Busy, _) if count % 2 == 1 => "503 Service Unavailable",
        (_, None) => "404 Not Found",
        (_, Some(bytes)) => {
            let (body, whole) = (&bytes[from.min(bytes.len())..], bytes.len());
            let status = match from {
                0 => "200 OK".to_owned(),
                _ => format!("206 Partial Content\r\nContent-Range: bytes {from}-/{whole}"),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{close}\r\n")?;
            let cut = fault == Fault::Cut && path.ends_with(".safetensors") && *cuts < 2;
            *cuts += u32::from(cut);
            return stream.write_all(&body[..if cut { length / 2 } else { length }]);
        }
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n{close}\r\n")
}

/// A model's folder, and one for models.
fn folders(shard: u64) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (model, models) = (folder.path().join("model"), folder.path().join("models"));
    writer(config(Family::Llama, true)).shard(shard).write(&model, fill).unwrap();
    (folder, model, models)
}

fn pull(name: &str, models: &Path, server: &Server) -> Result<Pulled> {
    pull_into(name, models, &server.hub(), &mut |_, _, _| {})
}

#[test]
fn a_model_is_pulled_and_then_there() {
    for (shard, fault) in [(u64::MAX, Fault::None), (40_000, Fault::Busy)] {
        let (_folder, model, models) = folders(shard);
        let server = Server::new(routes(&model), fault);
        let pulled = pull("tiny/llama", &models, &server).unwrap();
        assert_eq!(pulled.path, models.join("tiny/llama"));
        assert_eq!((pulled.was_there, &pulled.digest), (false, &digest(&model).unwrap()));
        let (asked, again) = (server.asked(), pull("tiny/llama", &models, &server).unwrap());
        assert_eq!(again, Pulled { was_there: true, ..pulled.clone() });
        assert_eq!(server.asked(), asked, "asked again");
        assert_eq!(list(&models).unwrap(), ["tiny/llama"]);
        assert_eq!(resolve_in("tiny/llama", &models).unwrap(), pulled.path);
        assert_eq!(resolve(model.to_str().unwrap()).unwrap(), model);
        // Nothing hidden is left.
        let owner = fs::read_dir(models.join("tiny")).unwrap().count();
        let hidden = |entry: &fs::DirEntry| entry.file_name().to_str().unwrap().starts_with('.');
        let files = fs::read_dir(&pulled.path).unwrap().map(|entry| entry.unwrap());
        assert_eq!((owner, files.filter(hidden).count()), (1, 0));
    }
}

#[test]
fn a_file_that_was_cut_off_is_gone_on_with() {
    let (_folder, model, models) = folders(u64::MAX);
    let server = Server::new(routes(&model), Fault::Cut);
    let pulled = pull("tiny/llama", &models, &server).unwrap();
    assert_eq!(pulled.digest, digest(&model).unwrap());
    let size = fs::metadata(model.join("model.safetensors")).unwrap().len();
    let (half, rest) = (size / 2, size / 2 + (size - size / 2) / 2);
    let asked = server.asked();
    let weights: Vec<&str> = asked
        .iter()
        .filter_map(|line| line.strip_prefix("/tiny/llama/resolve/abc123/model.safetensors "))
        .collect();
    assert_eq!(weights, ["0", &half.to_string(), &rest.to_string()]);
}

#[test]
fn what_came_before_a_failure_is_taken_up() {
    let (_folder, model, models) = folders(u64::MAX);
    let mut lame = routes(&model);
    lame.remove("/tiny/llama/resolve/abc123/model.safetensors");
    let error = pull("tiny/llama", &models, &Server::new(lame, Fault::None)).unwrap_err();
    assert!(error.to_string().contains("model.safetensors: the hub says 404"), "{error}");
    assert_eq!(list(&models).unwrap(), [""; 0]);
    let server = Server::new(routes(&model), Fault::None);
    pull("tiny/llama", &models, &server).unwrap();
    assert_eq!(server.asked().len(), 2, "{:?}", server.asked());
    // But not what came of another commit.
    let (_folder, model, models) = folders(u64::MAX);
    let mut lame = routes(&model);
    lame.remove("/tiny/llama/resolve/abc123/model.safetensors");
    pull("tiny/llama", &models, &Server::new(lame, Fault::None)).unwrap_err();
    let newer = routes(&model).into_iter().map(|(path, bytes)| {
        let listing = path.starts_with("/api").then(|| String::from_utf8(bytes.clone()).unwrap());
        let bytes = listing.map_or(bytes, |text| text.replace("abc123", "def456").into_bytes());
        (path.replace("abc123", "def456"), bytes)
    });
    let server = Server::new(newer.collect(), Fault::None);
    pull("tiny/llama", &models, &server).unwrap();
    assert_eq!(server.asked().len(), 1 + fs::read_dir(&model).unwrap().count());
}

#[test]
fn what_is_no_model_gets_no_name() {
    let (_folder, model, models) = folders(u64::MAX);
    let mut bad = routes(&model);
    let weights = bad.get_mut("/tiny/llama/resolve/abc123/model.safetensors").unwrap();
    weights[9] ^= 0xFF;
    let error = pull("tiny/llama", &models, &Server::new(bad, Fault::None)).unwrap_err();
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    assert!(!models.join("tiny/llama").exists());
    // An index from elsewhere cannot name a place elsewhere.
    let (_folder, model, models) = folders(40_000);
    let mut bad = routes(&model);
    let index = r#"{"weight_map": {"a": "../../a.safetensors"}}"#.as_bytes().to_vec();
    bad.insert("/tiny/llama/resolve/abc123/model.safetensors.index.json".to_owned(), index);
    let error = pull("tiny/llama", &models, &Server::new(bad, Fault::None)).unwrap_err();
    assert!(error.to_string().contains("../../a.safetensors"), "{error}");
}

#[test]
fn refusals_say_why() {
    let (_folder, model, models) = folders(u64::MAX);
    let server = Server::new(routes(&model), Fault::Locked);
    let error = pull("tiny/llama", &models, &server).unwrap_err().to_string();
    assert!(error.contains("401 Unauthorized (HF_TOKEN gives a token)"), "{error}");
    let server = Server::new(routes(&model), Fault::None);
    let error = pull("tiny/other", &models, &server).unwrap_err().to_string();
    assert!(error.contains("/api/models/tiny/other/revision/main: the hub says 404"), "{error}");
    for name in ["", "a/b/c", "../x", "a/..", ".hidden", "a\\b", "a b", "/etc"] {
        let error = pull(name, &models, &server).unwrap_err().to_string();
        assert!(error.contains("is no name of a model"), "{name}: {error}");
    }
    let error = pull("nothing", &models, &server).unwrap_err().to_string();
    assert!(error.contains("no model `nothing` is known") && error.contains("smollm2-135m"));
    let error = resolve_in("tiny/llama", &models).unwrap_err().to_string();
    assert!(error.contains("`heedful models pull tiny/llama` would fetch it"), "{error}");
    let nobody = Hub::new("http://127.0.0.1:1", None);
    let error = pull_into("tiny/llama", &models, &nobody, &mut |_, _, _| {}).unwrap_err();
    assert!(error.to_string().contains("is there a network?"), "{error}");
}

#[test]
fn two_do_not_pull_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("model");
    let first = Part::take(&target).unwrap();
    let error = Part::take(&target).err().unwrap().to_string();
    assert!(error.contains("is being pulled by another process"), "{error}");
    drop(first);
    Part::take(&target).unwrap();
}

#[test]
fn digests_depend_on_names_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a", "1");
    let one = digest(folder.path()).unwrap();
    write(".hidden", "x");
    assert_eq!(digest(folder.path()).unwrap(), one);
    write("a", "2");
    let two = digest(folder.path()).unwrap();
    write("b", "");
    assert!(one != two && digest(folder.path()).unwrap() != two);
    assert_ne!(digest(&folder.path().join("a")).unwrap(), two);
    assert_eq!(one.len(), 64);
}

/// A dataset of three files, of which the hub tells sizes and the SHA-256 of one.
fn tables(sha256: &str) -> BTreeMap<String, Vec<u8>> {
    let files = [("a b.jsonl", "{\"key\":1}\n"), ("data/x-0.parquet", "PAR1"), ("README.md", "#")];
    let siblings: Vec<serde_json::Value> = files
        .iter()
        .map(|(name, text)| match *name {
            "a b.jsonl" => serde_json::json!({"rfilename": name, "size": text.len()}),
            "README.md" => serde_json::json!({"rfilename": name}),
            _ => serde_json::json!({"rfilename": name, "size": 4, "lfs": {"sha256": sha256}}),
        })
        .collect();
    let listing = serde_json::json!({"sha": "abc123", "siblings": siblings}).to_string();
    let mut routes: BTreeMap<String, Vec<u8>> = (files.iter())
        .map(|(name, text)| {
            let name = name.replace(' ', "%20");
            (format!("/datasets/o/set/resolve/abc123/{name}"), text.as_bytes().to_vec())
        })
        .collect();
    let address = "/api/datasets/o/set/revision/v1?blobs=true";
    routes.insert(address.to_owned(), listing.into_bytes());
    routes
}

/// SHA-256 of `PAR1`, by coreutils.
const PAR1: &str = "fbc62d3b511368ee275ddc74117d8689b430e1427220e25d30816201d89ca7b6";

fn set<'a>(files: &'a [&'a str]) -> Dataset<'a> {
    Dataset { repository: "o/set", revision: "v1", files, sha256: None }
}

#[test]
fn files_of_a_dataset_are_pulled_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    let server = Server::new(tables(PAR1), Fault::Busy);
    let both = ["a b.jsonl", "data/*.parquet"];
    let pull = |wanted: &Dataset<'_>| dataset(wanted, &target, &server.hub(), &mut |_, _, _| {});
    let fetched = pull(&set(&both)).unwrap();
    assert_eq!((fetched.commit.as_str(), fetched.was_there), ("abc123", false));
    let told: Vec<_> =
        fetched.files.iter().map(|f| (f.path.as_str(), f.bytes, f.checked)).collect();
    assert_eq!(told, [("a b.jsonl", 10, false), ("data/x-0.parquet", 4, true)]);
    assert_eq!(fs::read_to_string(target.join("data/x-0.parquet")).unwrap(), "PAR1");
    let asked = server.asked().len();
    let again = pull(&set(&both)).unwrap();
    assert_eq!((again.was_there, &again.files), (true, &fetched.files));
    assert_eq!(server.asked().len(), asked, "asked again");
    let mut all: Vec<_> =
        fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    all.sort();
    assert_eq!(all, ["a b.jsonl", "data", "source.json"]);
    // What lies there is not taken for something else, nor when it was cut.
    let error = pull(&Dataset { revision: "v2", ..set(&both) }).unwrap_err().to_string();
    assert!(error.contains("holds o/set at v1"), "{error}");
    fs::write(target.join("a b.jsonl"), "").unwrap();
    let error = pull(&set(&both)).unwrap_err().to_string();
    assert!(error.contains("a b.jsonl has 0 bytes, not 10"), "{error}");
    fs::remove_file(target.join("source.json")).unwrap();
    assert!(pull(&set(&both)).unwrap_err().to_string().contains("was not pulled"));
}

#[test]
fn what_is_not_as_it_was_said_to_be_gets_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    let refused = |routes: BTreeMap<String, Vec<u8>>, wanted: &Dataset<'_>| {
        let server = Server::new(routes, Fault::None);
        let error = dataset(wanted, &target, &server.hub(), &mut |_, _, _| {}).unwrap_err();
        assert!(!target.exists());
        error.to_string()
    };
    let error = refused(tables(&"0".repeat(64)), &set(&["data/*"]));
    assert!(error.contains("data/x-0.parquet has 4 bytes and SHA-256"), "{error}");
    assert!(error.contains(PAR1) && error.contains("expected 0000"), "{error}");
    let pinned = Dataset { sha256: Some(("a b.jsonl", "feed")), ..set(&["a b.jsonl"]) };
    assert!(refused(tables(PAR1), &pinned).contains("expected feed"));
    let mut short = tables(PAR1);
    short.insert("/datasets/o/set/resolve/abc123/a%20b.jsonl".to_owned(), b"{}".to_vec());
    let error = refused(short, &set(&["a b.jsonl"]));
    assert!(error.contains("has 2 bytes") && error.contains("expected 10 bytes"), "{error}");
    let error = refused(tables(PAR1), &set(&["test.jsonl"]));
    assert!(error.contains("nothing matches test.jsonl; it has a b.jsonl"), "{error}");
    let address = "/api/datasets/o/set/revision/v1?blobs=true";
    let listing = |name: &str, size: u64| {
        let file = serde_json::json!({"rfilename": name, "size": size});
        let listing = serde_json::json!({"sha": "abc123", "siblings": [file]}).to_string();
        BTreeMap::from([(address.to_owned(), listing.into_bytes())])
    };
    let error = refused(listing("../../a.jsonl", 1), &set(&["../../a.jsonl"]));
    assert!(error.contains("no path to write to"), "{error}");
    let error = refused(listing("a.jsonl", 1 << 40), &set(&["a.jsonl"]));
    assert!(error.contains("1 files of 1099511627776 bytes; the limit is"), "{error}");
    // And where a good hub comes after a bad one, what is good is taken.
    let server = Server::new(tables(PAR1), Fault::None);
    dataset(&set(&["data/*"]), &target, &server.hub(), &mut |_, _, _| {}).unwrap();
}
