import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { useText } from "../text";

interface Props {
  title: string;
  /** What the button that does it says. */
  action: string;
  busy?: boolean;
  disabled?: boolean;
  /** The form that the button submits; onAction does it where there is none. */
  form?: string;
  onAction?: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks something, and does it or not. */
export function Dialog({ title, action, busy = false, disabled = false, form, onAction, onClose, children }: Props) {
  const text = useText().common;
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel={text.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button variant="primary" loading={busy} disabled={disabled} {...(form && { form })} {...(onAction && { onClick: onAction })}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}
