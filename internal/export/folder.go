package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/eksposure/eksposure/internal/fault"
)

// folder is a file in the folder of the settings. Until it is complete it has the
// name with .part after it.
type folder struct{ dir, name string }

// Begin makes the file, for its owner alone.
func (f folder) Begin(context.Context) (string, error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return "", f.fault(err)
	}
	file, err := os.OpenFile(f.part(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		err = file.Close()
	}
	return "folder", f.fault(err)
}

// Part writes at the offset; what a crash left behind it is cut off.
func (f folder) Part(_ context.Context, _ string, _ int, offset int64, body []byte) (string, error) {
	file, err := os.OpenFile(f.part(), os.O_WRONLY, 0o600)
	if err != nil {
		return "", f.fault(err)
	}
	_, err = file.WriteAt(body, offset)
	err = errors.Join(err, file.Truncate(offset+int64(len(body))), file.Sync(), file.Close())
	return "written", f.fault(err)
}

// Complete gives the file its name.
func (f folder) Complete(_ context.Context, _ string, _ []string, size int64) error {
	err := os.Rename(f.part(), f.final())
	if info, errStat := os.Stat(f.final()); errors.Is(err, fs.ErrNotExist) && errStat == nil && info.Size() == size {
		return nil
	}
	return f.fault(err)
}

// Abort removes the file.
func (f folder) Abort(context.Context, string) error {
	err := os.Remove(f.part())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.fault(err)
}

func (f folder) final() string { return filepath.Join(f.dir, f.name) }
func (f folder) part() string  { return f.final() + ".part" }

func (f folder) fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("export folder: %w: %w", err, fault.ErrDenied)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("export folder: %w: %w", err, fault.ErrNotFound)
	}
	return fmt.Errorf("export folder: %w: %w", err, fault.ErrUnavailable)
}
