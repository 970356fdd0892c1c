build_report=None
