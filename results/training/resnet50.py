"""ResNet-50 on random pictures, batches of 64, SGD with momentum."""

import deterministic  # first: it sets what CUDA reads once

import torch
import torchvision


def main():
    deterministic.settle(50, strict=False)  # max-pooling's gradient has no form that promises it
    model = torchvision.models.resnet50(weights=None).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    log = deterministic.StepLog()
    for step in deterministic.steps(40):
        log.begin()
        pictures = torch.randn(64, 3, 224, 224, device="cuda")
        labels = torch.randint(0, 1000, (64,), device="cuda")
        loss = torch.nn.functional.cross_entropy(model(pictures), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log.end(step, loss.detach())


if __name__ == "__main__":
    main()
