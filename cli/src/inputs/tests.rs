//! Which files are taken.

use super::*;

fn touch(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "x").unwrap();
    path
}

fn globs(include: &[&str], exclude: &[&str]) -> Globs {
    let all = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
    Globs::new(&all(include), &all(exclude)).unwrap()
}

fn paths(inputs: &Inputs) -> Vec<&Path> {
    inputs.files.iter().map(|file| file.path.as_path()).collect()
}

#[test]
fn folders_give_images_and_named_files_are_taken_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let a = touch(dir.path(), "photos/a.JPG");
    let b = touch(dir.path(), "photos/deep/ünï.png");
    let c = touch(dir.path(), "photos/scan.webp");
    let notes = touch(dir.path(), "photos/notes.txt");
    touch(dir.path(), "photos/.hidden/c.jpg");
    let named = touch(dir.path(), "scan.data");
    let given = [dir.path().join("photos"), named.clone()];
    let none = Globs::default();
    let mut inputs = find(&given, &none);
    assert!(inputs.is_open());
    inputs.narrow(false, &none);
    assert_eq!(paths(&inputs), [&a, &b, &c, &named]);
    assert!(inputs.problems.is_empty() && inputs.files[0].bytes == 1, "{inputs:?}");
    let mut inputs = find(&given, &none);
    inputs.narrow(true, &none);
    assert_eq!(paths(&inputs), [&a, &b, &notes, &c, &named], "a pipeline without derivatives takes all");
}

#[test]
fn patterns_choose_from_folders_alone() {
    let dir = tempfile::tempdir().unwrap();
    let raw = touch(dir.path(), "photos/raw/a.dng");
    let deep = touch(dir.path(), "photos/deep/b.dng");
    let jpg = touch(dir.path(), "photos/c.jpg");
    let folder = dir.path().join("photos");
    let found = |include: &[&str], exclude: &[&str], given: &[PathBuf]| {
        let globs = globs(include, exclude);
        let mut inputs = find(given, &globs);
        inputs.narrow(false, &globs);
        (paths(&inputs).into_iter().map(Path::to_owned).collect::<Vec<_>>(), inputs.problems.len())
    };
    let folders = [folder.clone()];
    assert_eq!(found(&["*.dng"], &[], &folders), (vec![deep.clone(), raw.clone()], 0));
    assert_eq!(found(&["*.dng"], &["raw"], &folders), (vec![deep.clone()], 0));
    assert_eq!(found(&["raw/", "*.jpg"], &[], &folders), (vec![jpg.clone(), raw], 0));
    assert_eq!(found(&[], &["*.jpg"], &[folder.clone(), jpg.clone()]), (vec![jpg], 1));
    assert_eq!(found(&["*.cr2"], &[], &[folder, deep.clone()]), (vec![deep], 1));
}

#[test]
fn a_file_that_is_named_twice_is_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let a = touch(dir.path(), "a.jpg");
    let none = Globs::default();
    let mut inputs = find(&[a.clone(), dir.path().to_owned(), a.clone()], &none);
    inputs.narrow(false, &none);
    assert_eq!(paths(&inputs), [&a]);
    assert_eq!((inputs.repeated.len(), inputs.problems.len()), (2, 0));
    let inputs = find(&[STDIN.into(), STDIN.into()], &none);
    assert!(inputs.stdin && !inputs.is_empty() && inputs.repeated.len() == 1);
}

#[test]
fn what_cannot_be_taken_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let socket = dir.path().join("socket.jpg");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let missing = dir.path().join("missing.jpg");
    let none = Globs::default();
    let mut inputs = find(&[missing, empty, socket], &none);
    assert!(inputs.is_empty() && !inputs.is_open());
    inputs.narrow(false, &none);
    let reasons: Vec<_> = inputs.problems.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons[0].contains("no such file"), "{reasons:?}");
    assert!(reasons[1].contains("neither a file nor a folder"), "{reasons:?}");
    assert!(reasons[2].contains("no images in it (.bmp"), "{reasons:?}");
}
