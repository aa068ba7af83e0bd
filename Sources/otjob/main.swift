print("otjob")
