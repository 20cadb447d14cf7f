//! A certificate authority of the sandbox's own, and a certificate for this machine, kept beside the sandbox's state.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::files::{self, FileError, Readers};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("no certificate could be made")]
    Making(#[from] rcgen::Error),
    #[error("`{}` does not hold a certificate", .0.display())]
    Damaged(PathBuf),
    #[error("the certificate cannot be used")]
    Unusable(#[from] rustls::Error),
}

/// A server's half of TLS, and where clients find whom to trust.
#[derive(Debug)]
pub struct Tls {
    pub config: Arc<ServerConfig>,
    /// The authority's certificate: what `NODE_EXTRA_CA_CERTS` and `SSL_CERT_FILE` take.
    pub authority: PathBuf,
}

/// Returns what serves `localhost`, from the folder's files or made anew.
///
/// # Errors
/// If a file cannot be read or written, or holds something else.
pub fn for_this_machine(folder: &Path) -> Result<Tls, CertificateError> {
    let authority = folder.join("sandbox-ca.pem");
    let chain = folder.join("sandbox-cert.pem");
    let key = folder.join("sandbox-key.pem");
    let is_made = || [&authority, &chain, &key].iter().all(|path| files::exists(path));
    if !is_made() {
        // Of two that start at once one makes them, or key and chain would be of different makers.
        let turn = files::turn(&folder.join("sandbox-cert.lock"))?;
        if !is_made() {
            make(&authority, &chain, &key)?;
        }
        drop(turn);
    }
    let read = |path: &Path| files::read_whole(path).map_err(CertificateError::from);
    let certificate =
        CertificateDer::from_pem_slice(&read(&chain)?).map_err(|_| CertificateError::Damaged(chain.clone()))?;
    let private = PrivateKeyDer::from_pem_slice(&read(&key)?).map_err(|_| CertificateError::Damaged(key.clone()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Tls { config: Arc::new(config), authority })
}

fn make(authority: &Path, chain: &Path, key: &Path) -> Result<(), CertificateError> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(DnType::CommonName, "tenantry sandbox authority");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = params.self_signed(&authority_key)?;
    // The authority's key is dropped here: it signs this one certificate and never another.
    let issuer = Issuer::new(params, authority_key);
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()])?;
    leaf.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    leaf.subject_alt_names.push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    leaf.distinguished_name.push(DnType::CommonName, "tenantry sandbox");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&leaf_key, &issuer)?;
    files::write_whole(key, leaf_key.serialize_pem().as_bytes(), Readers::Owner)?;
    files::write_whole(chain, certificate.pem().as_bytes(), Readers::Anyone)?;
    files::write_whole(authority, authority_certificate.pem().as_bytes(), Readers::Anyone)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_that_start_at_once_one_makes_them() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| for_this_machine(folder.path()).map(drop))).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
    }

    #[test]
    fn certificates_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = for_this_machine(folder.path()).unwrap();
        let made = files::read_whole(&first.authority).unwrap();
        for_this_machine(folder.path()).unwrap();
        assert_eq!(files::read_whole(&first.authority).unwrap(), made);
        assert!(String::from_utf8_lossy(&made).contains("BEGIN CERTIFICATE"));
    }
}
