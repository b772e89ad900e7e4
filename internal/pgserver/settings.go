package pgserver

import (
	"maps"
	"os/exec"
	"slices"
	"syscall"
)

// defaults suit one machine that also runs Matcher: durable, modest in memory,
// many schemas. Config.Settings override them.
var defaults = map[string]string{
	"max_connections": "200",
	// The kernel backs these pages when they are touched, so an idle server stays small.
	"shared_buffers": "256MB", "work_mem": "16MB", "maintenance_work_mem": "128MB",
	// An import of a million rows writes about 1 GB of WAL: no forced checkpoint in the middle.
	"max_wal_size": "2GB", "min_wal_size": "128MB", "checkpoint_timeout": "15min",
	// The first read of freshly copied rows marks them as committed, and with checksums each such page goes into the
	// log whole after a checkpoint: a million rows took 2.5 s with lz4, 2.4 s uncompressed (twice the log) and 14.7 s
	// with pglz.
	walCompression: "lz4",
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

const walCompression = "wal_compression"

// fitting are the settings of cfg for the server that is there: one that was built without lz4 compresses nothing,
// since the only way that is always built in costs more than the log that it saves.
func (s *Server) fitting(id identity) Config {
	cfg := s.cfg
	if _, given := cfg.Settings[walCompression]; given {
		return cfg
	}
	cmd := exec.Command(s.bin.postgres(), "-D", s.layout.cluster, "-C", walCompression, "-c",
		walCompression+"="+defaults[walCompression])
	cmd.Env, cmd.Dir = childEnv, s.layout.cluster
	cmd.SysProcAttr = id.attributes(syscall.SIGKILL)
	if _, err := runTied(cmd); err != nil {
		settings := map[string]string{walCompression: "off"}
		maps.Copy(settings, cfg.Settings)
		cfg.Settings = settings
	}
	return cfg
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
	all["port"] = port
	args := []string{"-D", l.cluster}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}
