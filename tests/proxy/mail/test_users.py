"""What users of mail are known by."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.key import HashedKeys
from exproxy.proxy.mail.users import UserWish, key_of_name


class UsersTests(SynchronousTestCase):
    def test_all_spellings_of_a_name_have_one_key_and_it_is_that_of_requests(self) -> None:
        keys = HashedKeys(b"secret")
        key_of = key_of_name(keys)
        self.assertEqual({key_of(b"Anna"), key_of(b"EXAMPLE\\anna")}, {keys.key("user", b"anna")})

    def test_a_name_never_says_a_host(self) -> None:
        self.assertIsNone(UserWish(b"key").host)
