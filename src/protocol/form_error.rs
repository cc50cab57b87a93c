//! Errors of forms.

use crate::error_text::debug_by_display;

macro_rules! form_errors {
    ($($(#[doc = $doc:literal])* $variant:ident $label:literal $text:literal;)*) => {
        /// The reason for which a form was refused. `Display` shows no part of it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum FormError {
            $($(#[doc = $doc])* #[error($text)] $variant,)*
        }

        impl FormError {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What the documentation says that it means, for the page about refusals.
            #[cfg(test)]
            pub(crate) const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*),)*
                }
            }

            pub(crate) const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }

            /// Returns what the sender of the form is told.
            pub(crate) const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        debug_by_display!(FormError);
    };
}

form_errors! {
    /// More bytes than [`Limits::body`](crate::Limits::body).
    TooLarge "body_too_large" "the request is too large";
    /// A broken percent-encoding.
    MalformedEncoding "malformed_encoding" "a parameter is not correctly percent-encoded";
    /// Bytes that are not UTF-8.
    NotUtf8 "not_utf8" "a parameter is not UTF-8";
    /// A control character in a name or a value.
    ControlCharacter "control_character" "a parameter contains a control character";
    /// A value without a name, or a name that starts with a byte order mark.
    MalformedName "malformed_name" "a parameter has no proper name";
    /// A parameter other than `resource` came twice.
    DuplicateParameter "duplicate_parameter" "a parameter is repeated";
    /// More parameters than [`Limits::parameters`](crate::Limits::parameters).
    TooManyParameters "too_many_parameters" "there are too many parameters";
    /// A longer name than [`Limits::name`](crate::Limits::name).
    NameTooLong "name_too_long" "the name of a parameter is too long";
    /// A longer value than the limit of its parameter.
    ValueTooLong "value_too_long" "the value of a parameter is too long";
}
