package cli

// What the tests of how plans are told call.
var (
	Interrupted   = interrupted
	FleetProgress = fleetProgress
)
