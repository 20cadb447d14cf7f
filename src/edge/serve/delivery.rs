//! Answers as they go over the socket, or do not.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response as HttpResponse;
use futures_util::stream;

use crate::api::response::Response;
use crate::sandbox::faulty::Delivery;

/// In so many pieces a slow answer comes.
const PIECES: usize = 10;

/// The connection, or over HTTP/2 the request, ends without an answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the sandbox was told to end the connection")]
pub struct Cut;

/// Turns an answer and its fate into what the client sees.
pub async fn deliver(delivery: Delivery) -> Result<HttpResponse, Cut> {
    match delivery {
        Delivery::Whole(response) => {
            let text = if response.body.is_null() { String::new() } else { response.body.to_string() };
            Ok(to_http(&response, Body::from(text)))
        }
        Delivery::Raw(response, text) => Ok(to_http(&response, Body::from(text))),
        Delivery::Slow(response, over) => Ok(to_http(&response, slow(response.body.to_string().into_bytes(), over))),
        // Only an embedded tenant is in the process that would end.
        Delivery::Reset | Delivery::Death => Err(Cut),
        Delivery::Silence => std::future::pending().await,
    }
}

fn slow(bytes: Vec<u8>, over: Duration) -> Body {
    let size = bytes.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
    let pause = over / u32::try_from(pieces.len().max(1)).unwrap_or(1);
    Body::from_stream(stream::unfold(pieces.into_iter(), move |mut pieces| async move {
        let piece = pieces.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(piece), pieces))
    }))
}

fn to_http(response: &Response, body: Body) -> HttpResponse {
    let mut http = HttpResponse::new(body);
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = http.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in &response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    http
}
