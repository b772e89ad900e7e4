package engine

import (
	"runtime"
	"runtime/debug"
)

// Build identifies a binary.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	Engine  string `json:"engine"`
}

// ThisBuild returns the build of the running binary.
func ThisBuild() Build {
	b := Build{Version: "dev", Go: runtime.Version(), Engine: Version}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			b.Commit = setting.Value
		}
	}
	return b
}
