//! What the fuzz targets in `fuzz/` drive: a server without sockets, and the way of a module up to its compilation.
#![allow(missing_docs, reason = "not a part of the interface")]

use crate::http::pocketic::{self, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A server, with a runtime of its own, whose requests come by function calls.
#[derive(Debug)]
pub struct Server {
    routes: TowerToHyperService<Router>,
    runtime: Runtime,
}

impl Default for Server {
    fn default() -> Server {
        let routes = TowerToHyperService::new(router(Arc::new(pocketic::Server::new())));
        let runtime = crate::http::serve::runtime().unwrap_or_else(|e| panic!("{e}"));
        Server { routes, runtime }
    }
}

impl Server {
    /// Posts `body`; gives status and body of the response.
    pub fn post(&self, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let request = Request::post(path).body(Body::from(body.to_vec())).unwrap_or_else(|e| panic!("{e}"));
        self.runtime.block_on(async {
            let response = self.routes.call(request).await.unwrap_or_else(|never| match never {});
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
            (status, body.to_vec())
        })
    }
}

/// Decodes, validates and rewrites a module.
///
/// # Panics
///
/// If the rewrite makes an invalid module of a valid one.
pub fn module(bytes: &[u8]) {
    crate::wasm::check(bytes);
}
