//! Photos to upload, made the same on every machine.

use std::sync::OnceLock;

use darkroom_api as api;
use darkroom_codec::testing;
use darkroom_core::Digest;

/// A file to upload.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Photo {
    /// A JPEG of the given size in pixels.
    pub fn jpeg(width: u32, height: u32, quality: u32, seed: u32) -> Photo {
        let bytes = testing::photo(width, height, quality, seed.into());
        Photo { name: format!("photo-{seed}.jpg"), media_type: "image/jpeg", bytes }
    }

    /// What `begin_upload` is told, for a pipeline or the first one.
    pub fn declared(&self, pipeline: Option<&str>, key: Option<&str>) -> api::BeginUpload {
        api::BeginUpload {
            pipeline: pipeline.map(str::to_owned),
            file_name: self.name.clone(),
            media_type: self.media_type.to_owned(),
            size: self.bytes.len() as u64,
            sha256: Some(self.sha256().0.into()),
            visibility: None,
            idempotency_key: key.map(str::to_owned),
        }
    }

    /// What `upload_whole` is told, without derivatives.
    pub fn whole(&self, pipeline: Option<&str>, key: Option<&str>) -> api::UploadWhole {
        let (upload, bytes) = (self.declared(pipeline, key), self.bytes.clone().into());
        api::UploadWhole { upload, bytes, assets: Vec::new() }
    }

    /// SHA-256 of its bytes.
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// Four photos of different sizes, one of them a PNG with transparency.
pub fn small_photos() -> Vec<Photo> {
    let png = testing::png_with_alpha(300, 200, 4);
    vec![
        Photo::jpeg(800, 600, 85, 1),
        Photo::jpeg(1200, 900, 92, 2),
        Photo::jpeg(333, 777, 70, 3),
        Photo { name: "cutout.png".to_owned(), media_type: "image/png", bytes: png },
    ]
}

/// A photo-like JPEG of 20.7 MB.
pub fn photo_of_20_mb() -> &'static Photo {
    static PHOTO: OnceLock<Photo> = OnceLock::new();
    PHOTO.get_or_init(|| Photo::jpeg(5320, 4010, 99, 20))
}
