"""Everything that can be refused in auth, as one tree.

    AuthError
     ├─ KeyTooShort            our own configuration
     ├─ HashingBusy            too many passwords at once
     ├─ SignInRefused          office: staff number and password
     ├─ EnrolmentRefused       code, staff number and PIN
     ├─ PublicKeyRefused       not an Ed25519 key that can be trusted
     ├─ ProofRefused           the request is not signed by the key that it brings
     ├─ NotEnrollable          the person has no card that allows a phone
     ├─ DeviceUnknown
     ├─ StaffInactive
     ├─ TokenRefused           access token
     │   └─ TokenExpired
     ├─ RefreshRefused         office refresh token
     ├─ EnrolmentEnded         device refresh token
     ├─ ReadmissionRefused     a certificate after a restore
     └─ ReceiptPrefixesUsedUp

The text of an error is the class docstring unless one is given. It never holds a secret, and it
never says which of several things was wrong where that would help somebody who guesses.
"""


class AuthError(Exception):
    """Something about who is asking was refused."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))


class KeyTooShort(AuthError):
    """The server's secret is shorter than 32 bytes; set SECRET_KEY to a longer random text."""


class HashingBusy(AuthError):
    """Too many passwords are being checked at this moment; try again in a few seconds."""


class SignInRefused(AuthError):
    """The staff number or password is wrong, or was wrong too often; check both, and after five
    wrong tries wait fifteen minutes.
    """


class EnrolmentRefused(AuthError):
    """The code, staff number or PIN is wrong, or the code has expired, was used by another phone or
    was tried too often; check all three, else ask the office for a new code.
    """


class PublicKeyRefused(AuthError):
    """The public key is not a usable Ed25519 key of 32 bytes; make a new key pair on the phone."""


class ProofRefused(AuthError):
    """The proof is not a signature by the phone's key over this request; update the app."""


class NotEnrollable(AuthError):
    """This person has no active card at this IBC with a role that works on a phone; correct the
    staff card first.
    """


class DeviceUnknown(AuthError):
    """This device is not enrolled at this IBC; ask the office."""


class StaffInactive(AuthError):
    """This person has no active staff card here any more; ask the office. What is on the phone can
    still be handed in.
    """


class TokenRefused(AuthError):
    """The access token was not made by this server for this use, or is damaged; sign in again."""


class TokenExpired(TokenRefused):
    """The access token has run out; refresh it and try again."""


class RefreshRefused(AuthError):
    """The sign-in has ended or its refresh token was used before; sign in again."""


class EnrolmentEnded(AuthError):
    """This phone's enrolment has ended: its refresh token has run out, was used before, or came
    without the phone's own signature. Hand in what is on the phone and ask the office for a new
    code.
    """


class ReadmissionRefused(AuthError):
    """The certificate is not of this installation or not of this phone, or the database was not
    restored since the phone was last here: refresh, or ask the office for a new code.
    """


class ReceiptPrefixesUsedUp(AuthError):
    """Every receipt prefix has been given out; raise PREFIX_CHARS_MAX."""
