// SPDX-License-Identifier: Apache-2.0

// Package version tells which build this is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version, commit and date are set by the linker (-X) in a build from the Makefile.
var version, commit, date string

// Info is what a build knows of itself.
type Info struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Date    string `json:"date,omitempty"`
	Go      string `json:"goVersion"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Get returns the build's own information; without the linker's, what the Go tool stamped.
func Get() Info {
	info := Info{Version: version, Commit: commit, Date: date, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info.named()
	}
	if info.Version == "" && build.Main.Version != "(devel)" {
		info.Version = build.Main.Version
	}
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision" && info.Commit == "":
			info.Commit = s.Value
		case s.Key == "vcs.time" && info.Date == "":
			info.Date = s.Value
		}
	}
	return info.named()
}

func (i Info) named() Info {
	if i.Version == "" {
		i.Version = "development build"
	}
	return i
}

// String is one line for a person.
func (i Info) String() string {
	s := "moorage " + i.Version
	if i.Commit != "" {
		s += " (" + i.Commit[:min(len(i.Commit), 12)] + ")"
	}
	return fmt.Sprintf("%s %s %s/%s", s, i.Go, i.OS, i.Arch)
}
