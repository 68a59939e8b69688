import type { ReactNode } from "react";

export interface ButtonProps {
  children: ReactNode;
  busy?: boolean;
  onPress?: () => void;
}

export function Button({ children, busy = false, onPress }: ButtonProps) {
  return (
    <button type="button" disabled={busy} onClick={onPress}>
      {busy ? "Please wait" : children}
    </button>
  );
}
