"""A sweep that is measured on many phones: phones as resources, jobs that go to another one."""
