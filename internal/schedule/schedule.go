// Package schedule decides when which cluster is scanned: periodically with jitter,
// and when somebody asks.
//
// The schedule itself is rows in the database, so that it outlives the process and
// several servers share it. A cluster is scanned by the process that holds its
// lease, so never twice at once. The package opens nothing and knows no HTTP.
package schedule
