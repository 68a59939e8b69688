import { plural } from "@shop/ui/words";

export function box(label: string, width = 5): string {
  if (label.length > width) {
    return label;
  }
  return `[${label.padEnd(width)}]`;
}

export function counted(count: number): string {
  return `${count} ${plural(count, "box")}`;
}
