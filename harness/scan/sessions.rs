//! A second handshake and a second session, which need a whole handshake: an engine plays them.

use waxseal_model::scan::Sessions;

use super::host::Host;
use super::versions::Heard;

/// Not asked yet.
pub(super) async fn learn(_host: &Host, _heard: &[Heard]) -> Sessions {
    Sessions::default()
}
