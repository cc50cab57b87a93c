//! The rules of the host: its types of `authorization_details`, and its own for whole requests.

use std::sync::Arc;

use super::{build_error::BuildError, server::Server};
use crate::{
    response::responder::Responder,
    validation::{DetailCheck, DetailTypes, RequestRule, Validator, redirect_matcher::RedirectUriMatcher},
};

/// The rules that the host has added.
#[derive(Default)]
pub(super) struct HostRules {
    detail_types: DetailTypes,
    repeated_detail_type: Option<String>,
    pub(super) redirect_uri_matcher: Option<Box<dyn RedirectUriMatcher>>,
    rules: Vec<Arc<dyn RequestRule>>,
}

impl HostRules {
    pub(super) fn add_detail_type(&mut self, name: String, check: Arc<DetailCheck>) {
        if self.detail_types.insert(name.as_str().into(), check).is_some() {
            self.repeated_detail_type = Some(name);
        }
    }

    pub(super) fn add(&mut self, rule: Arc<dyn RequestRule>) {
        self.rules.push(rule);
    }

    /// Puts them beside the rules of the policy.
    pub(super) fn build(self, server: &Server, responder: &Arc<Responder>) -> Result<Validator, BuildError> {
        match self.repeated_detail_type {
            Some(name) => Err(BuildError::DuplicateDetailType(name)),
            None => Ok(Validator {
                policy: Arc::clone(&server.policy),
                responder: Arc::clone(responder),
                redirect_uri_matcher: self.redirect_uri_matcher,
                detail_types: self.detail_types,
                host_rules: self.rules,
            }),
        }
    }
}
