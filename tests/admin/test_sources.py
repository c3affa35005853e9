from tests.admin.stage import AdminStage


class ThingsTests(AdminStage):
    def test_the_first_back_end_of_a_front_end_is_its_default(self) -> None:
        self.assertEqual(self.things.frontends["site"].backends[0], "web")
