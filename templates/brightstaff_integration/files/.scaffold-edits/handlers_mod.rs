// scaffold: remove mod integration_tests if there
