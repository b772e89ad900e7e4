package pgserver

import (
	"maps"
	"slices"
	"strconv"
)

// defaults suit one machine that also runs Matcher: durable, modest in memory,
// many schemas. Config.Settings override them.
var defaults = map[string]string{
	"max_connections": "200",
	// The kernel backs these pages when they are touched, so an idle server stays small.
	"shared_buffers": "256MB", "work_mem": "16MB", "maintenance_work_mem": "128MB",
	// An import of a million rows writes about 1 GB of WAL: no forced checkpoint in the middle.
	"max_wal_size": "2GB", "min_wal_size": "128MB", "checkpoint_timeout": "15min", "wal_compression": "on",
	// A commit that was answered is on the disk.
	"synchronous_commit": "on",
	// Dropping one tenant's schema takes about 330 locks, checking 1,000 tenants some 4,000;
	// 200 connections share 200 x 256 = 51,200.
	"max_locks_per_transaction": "256",
	// Planning with jit costs short statements more than it saves long ones.
	"jit": "off", "random_page_cost": "1.1",
	"timezone": "UTC", "log_timezone": "UTC", "lc_messages": "C",
	"log_destination": "stderr", "logging_collector": "off", "log_checkpoints": "off",
	"log_min_messages": "warning", "log_line_prefix": "%m [%p] %q%u@%d ",
}

// arguments are the server's command line: all settings in one order, with
// the ones that isolate it last, so that nothing opens it by accident.
func arguments(cfg Config, l layout) []string {
	all := maps.Clone(defaults)
	maps.Copy(all, platformSettings)
	maps.Copy(all, cfg.Settings)
	all["unix_socket_directories"] = l.socket
	all["unix_socket_permissions"] = "0700"
	all["listen_addresses"] = ""
	all["port"] = strconv.Itoa(cfg.socketPort())
	if cfg.Port > 0 {
		all["listen_addresses"] = "127.0.0.1"
	}
	args := []string{"-D", l.cluster}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}
